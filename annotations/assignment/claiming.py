"""Which slot a rater gets next: row locks that skip locked rows, on the index of open slots.

Everything here runs inside the caller's transaction, which holds the rater's enrolment. Locks are taken in
the order enrolment, then slot, then assignment, and slots of others are only ever skipped, never waited
for, so claims cannot deadlock.
"""

from dataclasses import dataclass

from django.db import connection

from annotations.models import Assignment, Enrolment, Slot

# An expired assignment does not bar its comparison: its rater never answered and may still do so.
OPEN_SLOT = """
SELECT slot.id, slot.comparison_id, slot.position_of_test, slot.is_repeat
FROM annotations_slot slot
WHERE slot.study_id = %(study)s AND slot.status = 'open' AND slot.random_key {side} %(start)s
  AND NOT EXISTS (
    SELECT 1 FROM annotations_assignment held
    WHERE held.enrolment_id = %(enrolment)s AND held.comparison_id = slot.comparison_id
      AND held.is_repeat = slot.is_repeat AND held.status <> 'expired')
ORDER BY slot.random_key
LIMIT 1
FOR NO KEY UPDATE OF slot SKIP LOCKED
"""


@dataclass(frozen=True, slots=True)
class OpenSlot:
    """A slot that this transaction has locked."""

    id: int
    comparison_id: int
    position_of_test: str
    is_repeat: bool


def lock_own_lease(enrolment: Enrolment) -> Assignment | None:
    """The rater's lease, live or overdue but not yet swept, locked together with its slot."""
    return (
        Assignment.objects.filter(enrolment=enrolment, status=Assignment.Status.LEASED)
        .select_related("slot")
        .select_for_update(of=("self", "slot"), no_key=True)
        .first()
    )


def lock_expired_with_open_slot(enrolment: Enrolment) -> Assignment | None:
    """The rater's latest expired assignment whose slot nobody has taken since, locked with that slot."""
    return (
        Assignment.objects.filter(
            enrolment=enrolment, status=Assignment.Status.EXPIRED, slot__status=Slot.Status.OPEN
        )
        .select_related("slot")
        .order_by("-leased_at")
        .select_for_update(of=("self", "slot"), no_key=True, skip_locked=True)
        .first()
    )


def lock_open_slot(enrolment: Enrolment) -> OpenSlot | None:
    """The first open slot from the rater's start key on, wrapping around, that the rater may be given."""
    parameters = {"study": enrolment.study_id, "enrolment": enrolment.pk, "start": enrolment.start_key}
    with connection.cursor() as cursor:
        for side in (">=", "<"):
            cursor.execute(OPEN_SLOT.format(side=side), parameters)
            row = cursor.fetchone()
            if row is not None:
                return OpenSlot(*row)
    return None
