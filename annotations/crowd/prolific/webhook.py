"""Prolific's webhooks: whose they are, when they were sent, and what they say.

Source: Prolific API reference, Webhooks: Receiving; Verifying; Idempotency and the X-Event-ID header;
Handling event order with X-Timestamp.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from annotations.crowd.statuses import normalise_status

SUBMISSION_EVENT = "submission.status.change"
_EVENT_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SECONDS = re.compile(r"[0-9]{1,11}(\.[0-9]{1,9})?")


class ForgedWebhookError(ValueError):
    """The signature is missing or wrong, or the request is too old: it may not be from Prolific."""


class MalformedWebhookError(ValueError):
    """Signed by Prolific, but it does not say what its documentation says it does."""


@dataclass(frozen=True, slots=True)
class SubmissionEvent:
    """A submission has a new status. ``signature_sha256`` tells a copied request whatever its event id."""

    event_id: str
    signature_sha256: str
    submission_id: str
    participant_id: str
    status: str
    sent_at: datetime


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Base64 of HMAC-SHA256(secret, timestamp + body)."""
    return base64.b64encode(
        hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).digest()
    ).decode()


def read_webhook(
    *, headers: Mapping[str, str], body: bytes, secret: str, now: datetime, window_s: float
) -> SubmissionEvent | None:
    """Verify a request and read its event; None for a kind of event that nobody here needs.

    Args:
        headers: by their names as Prolific writes them, in any case.
        body: the bytes as received.
        window_s: how far the signed time may be from ``now``.

    Raises:
        ForgedWebhookError: the request cannot be trusted.
        MalformedWebhookError: it can, but cannot be understood.
    """
    given = {name.lower(): value for name, value in headers.items()}
    timestamp = given.get("x-prolific-request-timestamp", "")
    signature = given.get("x-prolific-request-signature", "")
    # Compared before anything is looked at: a wrong signature learns nothing else.
    if not hmac.compare_digest(sign(secret, timestamp, body).encode(), signature.encode()):
        raise ForgedWebhookError("the signature is wrong")
    signed_at = _read_seconds(timestamp)
    if signed_at is None or abs((now - signed_at).total_seconds()) > window_s:
        raise ForgedWebhookError("the signed time is not near this server's")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedWebhookError("the body is not JSON") from error
    if not isinstance(content, dict) or not isinstance(content.get("event_type"), str):
        raise MalformedWebhookError("event_type is missing")
    if content["event_type"] != SUBMISSION_EVENT:
        return None
    event_id = given.get("x-event-id", "")
    if not _EVENT_ID.fullmatch(event_id):
        raise MalformedWebhookError("X-Event-ID is missing or is no id")
    try:
        status = normalise_status(str(content.get("status") or ""))
    except ValueError as error:
        raise MalformedWebhookError("status is missing or is none") from error
    # X-Timestamp is not signed; it may only say that an event is older than its request.
    event_at = _read_seconds(given.get("x-timestamp", ""))
    return SubmissionEvent(
        event_id=event_id,
        signature_sha256=hashlib.sha256(signature.encode()).hexdigest(),
        submission_id=_id(content, "resource_id"),
        participant_id=_id(content, "participant_id"),
        status=status,
        sent_at=min(event_at, signed_at) if event_at is not None else signed_at,
    )


def _id(content: Mapping[str, object], field: str) -> str:
    value = content.get(field)
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise MalformedWebhookError(f"{field} is missing or is no id")
    return value


def _read_seconds(text: str) -> datetime | None:
    """A UNIX time, in seconds or (thirteen digits) milliseconds."""
    if re.fullmatch(r"[0-9]{13}", text):
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    return datetime.fromtimestamp(float(text), UTC) if _SECONDS.fullmatch(text) else None
