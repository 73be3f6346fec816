"""Raters from crowd platforms: entering, and what the platform later says of them."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotations.crowd.entry import CrowdEntry
from annotations.crowd.prolific.webhook import SubmissionEvent
from annotations.crowd.statuses import LEFT, RETURNED
from annotations.models import Assignment, AuditEvent, CrowdEvent, CrowdSession, Enrolment
from annotations.services.claims import LeaseLostError, release_lease, return_assignment
from annotations.services.enrolments import NewEnrolment, enrol_rater


@dataclass(frozen=True, slots=True)
class StatusChange:
    """What a status of the platform did here."""

    is_news: bool
    freed_slot: bool


@transaction.atomic
def enter_from_platform(*, invitation_id: int, entry: CrowdEntry, consent: str) -> NewEnrolment:
    """Enrol the rater whom the platform sent, or let them back in, and note the platform's session.

    A new session lets a rater back to work whose earlier session was returned or timed out.

    Raises:
        InvitationUnusableError: somebody new, and the link lets nobody new in.
    """
    new = enrol_rater(invitation_id=invitation_id, external_id=entry.rater_id, consent=consent)
    record_session(
        enrolment_id=new.enrolment.pk, session_id=entry.session_id, external_study_id=entry.study_id
    )
    new.enrolment.refresh_from_db(fields=["status"])
    return new


@transaction.atomic
def record_session(*, enrolment_id: int, session_id: str, external_study_id: str) -> CrowdSession:
    """Note that the rater came (again) under this id of the platform."""
    enrolment = _lock(enrolment_id)
    now = timezone.now()
    session, is_new = CrowdSession.objects.get_or_create(
        enrolment=enrolment,
        external_id=session_id,
        defaults={"external_study_id": external_study_id, "entered_at": now, "last_entered_at": now},
    )
    if not is_new:
        session.last_entered_at = now
        session.save(update_fields=["last_entered_at"])
    may_return = session.status not in LEFT and _left_a_session(enrolment)
    if enrolment.status == Enrolment.Status.WITHDRAWN and may_return:
        enrolment.status = Enrolment.Status.FINISHED if enrolment.finished_at else Enrolment.Status.ACTIVE
        enrolment.save(update_fields=["status"])
    if not is_new:
        return session
    # A message may come before the rater has agreed to take part.
    known = (
        CrowdEvent.objects.filter(
            platform=enrolment.rater.platform,
            external_session_id=session_id,
            external_rater_id=enrolment.rater.external_id,
        )
        .order_by("-sent_at", "-pk")
        .first()
    )
    if known is not None:
        apply_status(session_id=session.pk, status=known.status, at=known.sent_at, source="webhook")
        session.refresh_from_db()
    return session


@transaction.atomic
def record_webhook(*, platform: str, event: SubmissionEvent) -> bool:
    """Keep a platform's event and do what it asks for; False if it was delivered before."""
    try:
        with transaction.atomic():
            CrowdEvent.objects.create(
                platform=platform,
                event_id=event.event_id,
                signature_sha256=event.signature_sha256,
                external_rater_id=event.participant_id,
                external_session_id=event.submission_id,
                status=event.status,
                sent_at=event.sent_at,
            )
    except IntegrityError:
        return False
    sessions = CrowdSession.objects.filter(
        external_id=event.submission_id,
        enrolment__rater__platform=platform,
        enrolment__rater__external_id=event.participant_id,
    ).order_by("pk")
    for session_id in sessions.values_list("pk", flat=True):
        apply_status(session_id=session_id, status=event.status, at=event.sent_at, source="webhook")
    return True


@transaction.atomic
def apply_status(*, session_id: int, status: str, at: datetime, source: str) -> StatusChange:
    """Note a session's status; a rater who left the platform holds nothing any more.

    Returned: the rater gave the comparison back. Timed out: as after an expired lease, a late answer counts.
    An older message changes nothing, and neither does one about a session that the rater has replaced, beyond
    its own record. Nobody is excluded: that is a person's decision.

    Args:
        source: ``webhook`` or ``reconciliation``, for the audit log.
    """
    enrolment = _lock(CrowdSession.objects.values_list("enrolment_id", flat=True).get(pk=session_id))
    session = CrowdSession.objects.select_for_update(no_key=True).get(pk=session_id)
    if session.status_at is not None and at < session.status_at:
        return StatusChange(is_news=False, freed_slot=False)
    before = session.status
    session.status, session.status_at = status, at
    session.save(update_fields=["status", "status_at"])
    if status == before:
        return StatusChange(is_news=False, freed_slot=False)
    freed_slot = False
    if status in LEFT and _is_current(session):
        freed_slot = _free(enrolment, status)
        if status == RETURNED or enrolment.status == Enrolment.Status.ACTIVE:
            enrolment.status = Enrolment.Status.WITHDRAWN
            enrolment.save(update_fields=["status"])
    AuditEvent.objects.create(
        action="crowd.status",
        study_id=enrolment.study_id,
        enrolment=enrolment,
        object_kind="crowd_session",
        object_id=str(session.pk),
        data={"status": status, "before": before, "freed_slot": freed_slot, "source": source},
    )
    return StatusChange(is_news=True, freed_slot=freed_slot)


def _lock(enrolment_id: int) -> Enrolment:
    """The order of every lock here is enrolment, session, lease, as in claiming."""
    return (
        Enrolment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("rater")
        .get(pk=enrolment_id)
    )


def _is_current(session: CrowdSession) -> bool:
    newest = (
        CrowdSession.objects.filter(enrolment_id=session.enrolment_id)
        .order_by("-last_entered_at", "-pk")
        .values_list("pk", flat=True)
        .first()
    )
    return newest == session.pk


def _left_a_session(enrolment: Enrolment) -> bool:
    return CrowdSession.objects.filter(enrolment=enrolment, status__in=LEFT).exists()


def _free(enrolment: Enrolment, status: str) -> bool:
    if status != RETURNED:
        return release_lease(enrolment_id=enrolment.pk)
    lease = Assignment.objects.filter(enrolment=enrolment, status=Assignment.Status.LEASED).first()
    if lease is None:
        return False
    # The enrolment is locked, and an answer or a sweep that wins the lease now leaves nothing to give back.
    try:
        with transaction.atomic():
            return_assignment(enrolment_id=enrolment.pk, public_id=lease.public_id)
    except LeaseLostError:
        return False
    return True
