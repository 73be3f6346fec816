"""Writing down who did what. Audit events are never changed (a trigger guards them)."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from annotations.models import AuditEvent, Study


def record_event(
    *,
    action: str,
    object_kind: str,
    object_id: object,
    study: Study | None = None,
    account: AbstractBaseUser | None = None,
    data: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Append an event; no account means a command. ``data`` holds no secret and no rater's words."""
    return AuditEvent.objects.create(
        action=action,
        object_kind=object_kind,
        object_id=str(object_id),
        study=study,
        account=account,
        data=dict(data or {}),
    )
