"""Leases on slots: claiming, renewing, returning, expiring, and the draft answers kept meanwhile."""

import uuid
from collections.abc import Mapping
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from annotations.assignment import claiming
from annotations.models import Assignment, AuditEvent, Draft, Enrolment, Slot, Study

_SWEEP = """
WITH overdue AS (
    SELECT assignment.id, assignment.slot_id
    FROM annotations_assignment assignment JOIN annotations_slot slot ON slot.id = assignment.slot_id
    WHERE assignment.status = 'leased' AND assignment.expires_at < %(now)s
    ORDER BY assignment.expires_at
    LIMIT %(limit)s
    FOR NO KEY UPDATE OF assignment, slot SKIP LOCKED
), reopened AS (
    UPDATE annotations_slot SET status = 'open'
    WHERE status = 'leased' AND id IN (SELECT slot_id FROM overdue)
)
UPDATE annotations_assignment SET status = 'expired' WHERE id IN (SELECT id FROM overdue)
"""


class StudyNotOpenError(RuntimeError):
    """The study is not handing out work; ``status`` says whether it is paused or closed."""

    def __init__(self, status: str) -> None:
        super().__init__(f"the study is {status}")
        self.status = status


class LeaseLostError(RuntimeError):
    """The rater no longer holds this assignment."""


@transaction.atomic
def claim_assignment(*, enrolment_id: int) -> Assignment | None:
    """Give the rater something to judge: the lease already held, else an expired one, else an open slot.

    None means that nothing is left for this rater: everything is taken, the rater has done as many as the
    study asks of one, or has withdrawn or been excluded.

    Raises:
        StudyNotOpenError: the study is closed, or is paused and the rater holds no lease.
    """
    enrolment = (
        Enrolment.objects.select_related("study")
        .defer("study__manifest", "study__spec", "study__consent", "study__instructions")
        .select_for_update(of=("self",), no_key=True)
        .get(pk=enrolment_id)
    )
    study = enrolment.study
    if study.status == Study.Status.CLOSED:
        raise StudyNotOpenError(study.status)
    lease = claiming.lock_own_lease(enrolment)
    if lease is not None:
        return _lease(lease, study)
    if study.status != Study.Status.OPEN:
        raise StudyNotOpenError(study.status)
    if enrolment.is_excluded or enrolment.status == Enrolment.Status.WITHDRAWN:
        return None
    if study.assignments_per_rater is not None and _count_answered(enrolment) >= study.assignments_per_rater:
        return None
    revived = claiming.lock_expired_with_open_slot(enrolment)
    if revived is not None:
        _begin(enrolment, revived.slot_id)
        return _lease(revived, study, afresh=True)
    slot = claiming.lock_open_slot(enrolment)
    if slot is None:
        return None
    _begin(enrolment, slot.id)
    return _take(slot, enrolment, study)


@transaction.atomic
def renew_lease(*, enrolment_id: int, public_id: uuid.UUID) -> Assignment:
    """Extend a lease that is still held (a heartbeat).

    Raises:
        LeaseLostError: it has been submitted, returned or given to somebody else.
    """
    lease = _lock_lease(enrolment_id, public_id)
    return _lease(lease, lease.study)


@transaction.atomic
def save_draft(*, enrolment_id: int, public_id: uuid.UUID, answers: Mapping[str, str]) -> None:
    """Keep the answers begun so far, if any, and extend the lease.

    Raises:
        LeaseLostError: as ``renew_lease``.
    """
    lease = _lock_lease(enrolment_id, public_id)
    _lease(lease, lease.study)
    if answers:
        Draft.objects.bulk_create(
            [Draft(assignment=lease, answers=dict(answers), updated_at=timezone.now())],
            update_conflicts=True,
            unique_fields=["assignment"],
            update_fields=["answers", "updated_at"],
        )


@transaction.atomic
def return_assignment(*, enrolment_id: int, public_id: uuid.UUID) -> None:
    """Give a lease back; its slot is open at once, and this rater is not given the comparison again.

    Raises:
        LeaseLostError: as ``renew_lease``.
    """
    lease = _lock_lease(enrolment_id, public_id)
    Slot.objects.filter(pk=lease.slot_id, status=Slot.Status.LEASED).update(status=Slot.Status.OPEN)
    lease.status = Assignment.Status.RETURNED
    lease.save(update_fields=["status"])
    AuditEvent.objects.create(
        action="assignment.returned",
        study_id=lease.study_id,
        enrolment_id=enrolment_id,
        object_kind="assignment",
        object_id=str(lease.public_id),
    )


@transaction.atomic
def release_lease(*, enrolment_id: int) -> bool:
    """End the lease that the rater holds, if any; its slot is open at once. Returns whether there was one.

    Expired rather than returned: a late answer still counts, and the rater may be given the comparison again.
    """
    lease = (
        Assignment.objects.filter(enrolment_id=enrolment_id, status=Assignment.Status.LEASED)
        .select_for_update(of=("self", "slot"), no_key=True)
        .select_related("slot")
        .first()
    )
    if lease is None:
        return False
    Slot.objects.filter(pk=lease.slot_id, status=Slot.Status.LEASED).update(status=Slot.Status.OPEN)
    lease.status = Assignment.Status.EXPIRED
    lease.save(update_fields=["status"])
    return True


def sweep_leases(*, batch: int = 1000) -> int:
    """Expire overdue leases and reopen their slots; returns how many. Safe in several places at once."""
    swept = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_SWEEP, {"now": timezone.now(), "limit": batch})
            count = cursor.rowcount
        swept += count
        if count < batch:
            return swept


def _begin(enrolment: Enrolment, slot_id: int) -> None:
    """Mark the slot as leased; a rater who had finished is at work again."""
    Slot.objects.filter(pk=slot_id).update(status=Slot.Status.LEASED)
    if enrolment.status == Enrolment.Status.FINISHED:
        Enrolment.objects.filter(pk=enrolment.pk).update(status=Enrolment.Status.ACTIVE, finished_at=None)


def _count_answered(enrolment: Enrolment) -> int:
    return enrolment.assignments.filter(
        status__in=[Assignment.Status.SUBMITTED, Assignment.Status.SURPLUS], is_repeat=False
    ).count()


def _lock_lease(enrolment_id: int, public_id: uuid.UUID) -> Assignment:
    lease = (
        Assignment.objects.filter(
            enrolment_id=enrolment_id, public_id=public_id, status=Assignment.Status.LEASED
        )
        .select_related("slot", "study")
        .defer("study__manifest", "study__spec", "study__consent", "study__instructions")
        .select_for_update(of=("self", "slot"), no_key=True)
        .first()
    )
    if lease is None:
        raise LeaseLostError(str(public_id))
    return lease


def _lease(assignment: Assignment, study: Study, *, afresh: bool = False) -> Assignment:
    """Write the lease's new end; ``afresh`` starts its clock again."""
    now = timezone.now()
    assignment.status = Assignment.Status.LEASED
    assignment.heartbeat_at = now
    assignment.expires_at = now + timedelta(seconds=study.lease_s)
    if afresh:
        assignment.leased_at = now
    assignment.save(update_fields=["status", "heartbeat_at", "expires_at", "leased_at"])
    return assignment


def _take(slot: claiming.OpenSlot, enrolment: Enrolment, study: Study) -> Assignment:
    """Put the rater's assignment of this comparison on the slot: a new one, or the expired one moved here."""
    assignment = Assignment.objects.filter(
        enrolment=enrolment, comparison_id=slot.comparison_id, is_repeat=slot.is_repeat
    ).first() or Assignment(
        enrolment=enrolment,
        study=study,
        comparison_id=slot.comparison_id,
        is_repeat=slot.is_repeat,
        public_id=uuid.uuid4(),
    )
    if assignment.pk and assignment.position_of_test != slot.position_of_test:
        # The texts change places: what was begun, or is still open in another tab, no longer means the same.
        assignment.public_id = uuid.uuid4()
        Draft.objects.filter(assignment=assignment).delete()
    now = timezone.now()
    assignment.slot_id = slot.id
    assignment.position_of_test = slot.position_of_test
    assignment.status = Assignment.Status.LEASED
    assignment.leased_at = assignment.heartbeat_at = now
    assignment.expires_at = now + timedelta(seconds=study.lease_s)
    assignment.save()
    return assignment
