"""Submitting and revising judgments. Every accepted answer is kept, and counted once."""

import json
import uuid
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from annotations.assignment.answers import Answers
from annotations.models import (
    Assignment,
    AttributeAnswer,
    Draft,
    Enrolment,
    Judgment,
    SampledAttribute,
    Slot,
    Study,
)
from annotations.services.claims import LeaseLostError

_ANSWERABLE = (Assignment.Status.LEASED, Assignment.Status.EXPIRED)
_ANSWERED = (Assignment.Status.SUBMITTED, Assignment.Status.SURPLUS)


@transaction.atomic
def submit_judgment(
    *, enrolment_id: int, public_id: uuid.UUID, answers: Answers, idempotency_key: uuid.UUID
) -> Judgment:
    """Record a judgment: the first of its assignment, or, if that is answered already, a revision.

    The same answers with the same key again (a double click, a repeated request) change nothing. After the
    lease ended, the answer fills its slot if that is still open; if somebody else has the slot, or the study
    was closed, it is kept as surplus.

    Raises:
        LeaseLostError: the rater never had this assignment, or has returned it.
    """
    assignment = _lock_assignment(enrolment_id, public_id)
    if assignment.status in _ANSWERED:
        return _revise(assignment, answers, idempotency_key, began_at=None)
    if assignment.status not in _ANSWERABLE:
        raise LeaseLostError(str(public_id))
    slot, now = assignment.slot, timezone.now()
    holds_slot = assignment.status == Assignment.Status.LEASED and slot.status == Slot.Status.LEASED
    if holds_slot or slot.status == Slot.Status.OPEN:
        slot.status = Slot.Status.FILLED
        slot.save(update_fields=["status"])
        assignment.status = Assignment.Status.SUBMITTED
    else:
        assignment.status = Assignment.Status.SURPLUS
    assignment.submitted_at = now
    assignment.save(update_fields=["status", "submitted_at"])
    Draft.objects.filter(assignment=assignment).delete()
    return _append(assignment, answers, idempotency_key, revision=0, since=assignment.leased_at, now=now)


@transaction.atomic
def revise_judgment(
    *,
    enrolment_id: int,
    public_id: uuid.UUID,
    answers: Answers,
    idempotency_key: uuid.UUID,
    began_at: datetime | None = None,
) -> Judgment:
    """Append a revision to an answered assignment; the earlier one stays and is no longer the latest.

    Once the study is closed its answers are final: what stands is returned.

    Args:
        began_at: when the rater opened the answers for editing, for the revision's duration.

    Raises:
        LeaseLostError: the rater has not answered this assignment.
    """
    assignment = _lock_assignment(enrolment_id, public_id)
    if assignment.status not in _ANSWERED:
        raise LeaseLostError(str(public_id))
    return _revise(assignment, answers, idempotency_key, began_at=began_at)


def _revise(
    assignment: Assignment, answers: Answers, idempotency_key: uuid.UUID, *, began_at: datetime | None
) -> Judgment:
    judgments = list(assignment.judgments.order_by("revision"))
    latest = judgments[-1]
    content_key = _content_key(assignment, answers, idempotency_key)
    if assignment.study.status == Study.Status.CLOSED or any(
        judgment.idempotency_key == content_key for judgment in judgments
    ):
        return latest
    latest.is_latest = False
    latest.save(update_fields=["is_latest"])
    now = timezone.now()
    return _append(
        assignment, answers, idempotency_key, revision=latest.revision + 1, since=began_at or now, now=now
    )


def _content_key(assignment: Assignment, answers: Answers, idempotency_key: uuid.UUID) -> uuid.UUID:
    """The key stored: of these answers sent with this key, so that a changed answer is no repeat."""
    content = {
        "key": str(idempotency_key),
        "choices": dict(answers.choices),
        "attributes": {
            position: [reply.covers_a, reply.covers_b, reply.aligns]
            for position, reply in answers.attributes.items()
        },
        "comment": answers.comment,
    }
    return uuid.uuid5(assignment.public_id, json.dumps(content, sort_keys=True))


def _lock_assignment(enrolment_id: int, public_id: uuid.UUID) -> Assignment:
    # The enrolment first, as claims do: a claim moves an expired assignment to another slot, and must not
    # write over an answer to it that another tab is sending at the same moment.
    Enrolment.objects.select_for_update(no_key=True).only("pk").get(pk=enrolment_id)
    assignment = (
        Assignment.objects.filter(enrolment_id=enrolment_id, public_id=public_id)
        .select_related("slot", "study")
        .defer("study__manifest", "study__spec", "study__consent", "study__instructions")
        .select_for_update(of=("self", "slot"), no_key=True)
        .first()
    )
    if assignment is None:
        raise LeaseLostError(str(public_id))
    return assignment


def _append(
    assignment: Assignment,
    answers: Answers,
    idempotency_key: uuid.UUID,
    *,
    revision: int,
    since: datetime,
    now: datetime,
) -> Judgment:
    judgment = Judgment.objects.create(
        assignment=assignment,
        revision=revision,
        idempotency_key=_content_key(assignment, answers, idempotency_key),
        precision=answers.choices.get("precision"),
        appeal=answers.choices.get("appeal"),
        overall=answers.choices.get("overall"),
        comment=answers.comment,
        duration_s=max(0.0, (now - since).total_seconds()),
    )
    if answers.attributes:
        sampled = dict(
            SampledAttribute.objects.filter(comparison_id=assignment.comparison_id).values_list(
                "position", "pk"
            )
        )
        AttributeAnswer.objects.bulk_create(
            AttributeAnswer(
                judgment=judgment,
                sampled_attribute_id=sampled[position],
                covers_a=reply.covers_a,
                covers_b=reply.covers_b,
                aligns=reply.aligns,
            )
            for position, reply in answers.attributes.items()
        )
    return judgment
