"""A rater's way into a study and out of it."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from annotations.models import Enrolment, Invitation, Rater
from annotations.services.claims import release_lease
from annotations.services.invitations import hash_token


class InvitationUnusableError(RuntimeError):
    """Nobody can enter by this link; ``reason`` is expired, revoked or full."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class NewEnrolment:
    """An enrolment with the token for the rater's cookie; only its hash is stored."""

    enrolment: Enrolment
    token: str


@transaction.atomic
def enrol_rater(*, invitation_id: int, external_id: str, consent: str) -> NewEnrolment:
    """Record the rater's consent and enrol them; the same ``external_id`` again re-enters the same enrolment.

    Args:
        external_id: who this is, unique on the invitation's platform.
        consent: the text agreed to, of which the hash is kept.

    Raises:
        InvitationUnusableError: the link has expired, was revoked, or has let in all it may.
    """
    invitation = Invitation.objects.select_for_update(no_key=True).get(pk=invitation_id)
    rater, _ = Rater.objects.get_or_create(
        platform=invitation.platform,
        external_id=external_id,
        defaults={"public_id": uuid.uuid4(), "kind": invitation.rater_kind},
    )
    # The same for the same rater, so that entering twice at once does not void the first cookie.
    token = salted_hmac(
        "annotations.enrolment", f"{invitation.study_id}:{rater.public_id}", algorithm="sha256"
    ).hexdigest()
    enrolment = Enrolment.objects.filter(study_id=invitation.study_id, rater=rater).first()
    if enrolment is not None:
        return NewEnrolment(enrolment, token)
    reason = unusable_reason(invitation)
    if reason is not None:
        raise InvitationUnusableError(reason)
    enrolment = Enrolment.objects.create(
        study_id=invitation.study_id,
        rater=rater,
        invitation=invitation,
        token_sha256=hash_token(token),
        start_key=secrets.randbits(63),
        consent_sha256=hashlib.sha256(consent.encode()).hexdigest(),
        consented_at=timezone.now(),
    )
    return NewEnrolment(enrolment, token)


def unusable_reason(invitation: Invitation) -> str | None:
    """Why nobody new can enter by this link, or None if they can."""
    if invitation.revoked_at is not None:
        return "revoked"
    if invitation.expires_at is not None and invitation.expires_at <= timezone.now():
        return "expired"
    if invitation.max_raters is not None and invitation.enrolment_set.count() >= invitation.max_raters:
        return "full"
    return None


def mark_instructed(*, enrolment_id: int) -> None:
    """Note that the rater has been through the instructions; the first time counts."""
    Enrolment.objects.filter(pk=enrolment_id, instructed_at=None).update(instructed_at=timezone.now())


@transaction.atomic
def finish_enrolment(*, enrolment_id: int, early: bool = False) -> None:
    """End the rater's work for now; the slot of a lease still held is open at once.

    Args:
        early: the rater stops although there is more to do, which a crowd platform may pay differently.
    """
    enrolment = Enrolment.objects.select_for_update(of=("self",), no_key=True).get(pk=enrolment_id)
    release_lease(enrolment_id=enrolment_id)
    if enrolment.status == Enrolment.Status.ACTIVE:
        enrolment.status, enrolment.finished_at = Enrolment.Status.FINISHED, timezone.now()
        enrolment.left_early = early
    elif enrolment.status == Enrolment.Status.FINISHED and not early:
        enrolment.left_early = False
    enrolment.save(update_fields=["status", "finished_at", "left_early"])
