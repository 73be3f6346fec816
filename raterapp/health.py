"""``/healthz``: whether this web process can reach the database and the broker."""

import structlog
from celery import current_app
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

logger = structlog.get_logger(__name__)

BROKER_TIMEOUT_S = 2


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 if both answer, else 503; the body names the parts and never says why one is down."""
    parts = {"database": _database_answers(), "broker": _broker_answers()}
    healthy = all(parts.values())
    body = {"status": "ok" if healthy else "unavailable"} | {
        k: "ok" if v else "down" for k, v in parts.items()
    }
    return JsonResponse(body, status=200 if healthy else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except DatabaseError:
        logger.warning("health.database_down")
        return False
    return True


def _broker_answers() -> bool:
    try:
        with current_app.connection_for_read() as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_TIMEOUT_S)
    except (OperationalError, OSError):
        logger.warning("health.broker_down")
        return False
    return True
