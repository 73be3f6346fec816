"""One log line per request: the route's pattern, never the raw address (links carry tokens)."""

import time
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponseBase

logger = structlog.get_logger("raterapp.request")

QUIET_ROUTES = {"healthz"}


def log_request(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Log method, route, status and duration, and bind a request id to everything logged meanwhile."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        started_at = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=uuid.uuid4().hex[:12]):
            response = get_response(request)
            route = request.resolver_match.route if request.resolver_match else "(no route)"
            if route not in QUIET_ROUTES:
                logger.info(
                    "request",
                    method=request.method,
                    route=route,
                    status=response.status_code,
                    duration_ms=round((time.perf_counter() - started_at) * 1000, 1),
                )
        return response

    return middleware
