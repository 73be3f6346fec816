"""Takes Prolific's webhooks: small, signed, recent, and each one once."""

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from rest_framework.throttling import SimpleRateThrottle

from annotations.crowd.platforms import PROLIFIC
from annotations.crowd.prolific.webhook import ForgedWebhookError, MalformedWebhookError, read_webhook
from annotations.services.crowd import record_webhook

logger = structlog.get_logger("annotations.crowd")

_LARGEST_BODY_BYTES = 16 * 1024


class _PerAddress(SimpleRateThrottle):
    """So many requests of one address, before its signature is looked at."""

    scope = "crowd-webhook"

    def get_rate(self) -> str | None:
        rate: str | None = settings.CROWD_WEBHOOK_RATE
        return rate

    def get_cache_key(self, request: HttpRequest, view: object) -> str:  # type: ignore[override]
        return f"crowd-webhook:{self.get_ident(request)}"  # type: ignore[arg-type]


@csrf_exempt  # no browser and no cookie: the signature says who asks
@never_cache
@require_POST
def receive_prolific(request: HttpRequest) -> HttpResponse:
    """Verify and record one event. 2xx also for a repeated one: otherwise it would be sent for ever."""
    throttle = _PerAddress()
    if not throttle.allow_request(request, None):  # type: ignore[arg-type]
        refusal = _refuse(429, "too many requests")
        refusal["Retry-After"] = str(max(1, round(throttle.wait() or 1)))
        return refusal
    if not settings.PROLIFIC_WEBHOOK_SECRET:
        return _refuse(404, "webhooks are not set up here")
    if _length(request) > _LARGEST_BODY_BYTES:
        return _refuse(413, "the body is too large")
    try:
        event = read_webhook(
            headers=request.headers,
            body=request.body,
            secret=settings.PROLIFIC_WEBHOOK_SECRET,
            now=timezone.now(),
            window_s=settings.CROWD_WEBHOOK_WINDOW_S,
        )
    except ForgedWebhookError as error:
        return _refuse(401, str(error))
    except MalformedWebhookError as error:
        return _refuse(400, str(error))
    if event is None:
        return JsonResponse({"recorded": False})
    is_new = record_webhook(platform=PROLIFIC.name, event=event)
    logger.info("crowd event", platform=PROLIFIC.name, status=event.status, repeated=not is_new)
    return JsonResponse({"recorded": is_new})


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return _LARGEST_BODY_BYTES + 1


def _refuse(status: int, problem: str) -> JsonResponse:
    """Neither body nor headers are logged: they would hold a rater's id and a valid signature."""
    logger.warning("crowd event refused", platform=PROLIFIC.name, problem=problem)
    return JsonResponse({"error": problem}, status=status)
