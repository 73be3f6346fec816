"""Claims, leases and late submits, one rater at a time."""

import uuid
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone

from annotations.assignment.answers import Answers, AttributeReply
from annotations.models import Assignment, AuditEvent, Draft, Enrolment, Judgment, Slot, Study
from annotations.services.claims import (
    LeaseLostError,
    StudyNotOpenError,
    claim_assignment,
    renew_lease,
    return_assignment,
    save_draft,
    sweep_leases,
)
from annotations.services.enrolments import enrol_rater, finish_enrolment
from annotations.services.invitations import create_invitation
from annotations.services.judgments import revise_judgment, submit_judgment
from annotations.services.studies import close_study, pause_study, resume_study
from tests.rater.world import make_study

pytestmark = pytest.mark.django_db


def enrol(study: Study, *, start_key: int | None = None) -> Enrolment:
    invitation = create_invitation(study=study).invitation
    enrolment = enrol_rater(
        invitation_id=invitation.pk, external_id=uuid.uuid4().hex, consent="yes"
    ).enrolment
    if start_key is not None:
        enrolment.start_key = start_key
        enrolment.save()
    return enrolment


def claim(rater: Enrolment) -> Assignment:
    assignment = claim_assignment(enrolment_id=rater.pk)
    assert assignment is not None
    return assignment


def reply(precision: str = "A") -> Answers:
    return Answers(
        choices={"precision": precision, "appeal": "B", "overall": "A"},
        attributes={0: AttributeReply(True, True, "A"), 1: AttributeReply(True, False)},
    )


def submit(rater: Enrolment, assignment: Assignment, precision: str = "A") -> Judgment:
    return submit_judgment(
        enrolment_id=rater.pk,
        public_id=assignment.public_id,
        answers=reply(precision),
        idempotency_key=uuid.UUID(int=1),
    )


def expire(assignment: Assignment) -> None:
    Assignment.objects.filter(pk=assignment.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert sweep_leases() == 1
    assignment.refresh_from_db()
    assert assignment.status == "expired"


def slot_states(study: Study) -> list[str]:
    return list(study.slots.order_by("comparison__number", "number").values_list("status", flat=True))


def test_a_rater_gets_every_comparison_once() -> None:
    study = make_study(pairs=5, redundancy=3)
    rater = enrol(study)
    seen = []
    while (assignment := claim_assignment(enrolment_id=rater.pk)) is not None:
        seen.append(assignment.comparison_id)
        submit(rater, assignment)
    assert len(seen) == len(set(seen)) == 5


def test_the_order_follows_the_random_keys_from_the_start_key_and_wraps_around() -> None:
    study = make_study(pairs=6, redundancy=1)
    slots = list(study.slots.order_by("random_key"))
    rater = enrol(study, start_key=slots[4].random_key)
    claimed = []
    while (assignment := claim_assignment(enrolment_id=rater.pk)) is not None:
        claimed.append(assignment.slot_id)
        submit(rater, assignment)
    assert claimed == [slots[n].pk for n in (4, 5, 0, 1, 2, 3)]


def test_the_position_shown_is_the_slots() -> None:
    study = make_study(pairs=8, redundancy=1)
    rater = enrol(study)
    for _ in range(8):
        assignment = claim(rater)
        assert assignment.position_of_test == assignment.slot.position_of_test
        submit(rater, assignment)


def test_a_returning_rater_gets_the_same_assignment_with_a_longer_lease() -> None:
    study = make_study(lease_s=600)
    rater = enrol(study)
    first = claim(rater)
    with patch.object(timezone, "now", return_value=timezone.now() + timedelta(seconds=500)):
        again = claim(rater)
    assert again.pk == first.pk
    assert again.leased_at == first.leased_at
    assert (again.expires_at - first.expires_at).total_seconds() == pytest.approx(500, abs=5)
    assert slot_states(study).count("leased") == 1


def test_an_overdue_lease_that_nobody_swept_is_simply_renewed() -> None:
    study = make_study()
    rater = enrol(study)
    first = claim(rater)
    Assignment.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    assert claim(rater).pk == first.pk
    assert sweep_leases() == 0


def test_an_expired_lease_reopens_its_slot_and_is_revived_for_its_rater() -> None:
    study = make_study(pairs=3, redundancy=1)
    rater = enrol(study)
    first = claim(rater)
    save_draft(enrolment_id=rater.pk, public_id=first.public_id, answers={"precision": "A"})
    expire(first)
    assert slot_states(study) == ["open"] * 3
    revived = claim(rater)
    assert (revived.pk, revived.public_id, revived.slot_id) == (first.pk, first.public_id, first.slot_id)
    assert revived.leased_at > first.leased_at
    assert Draft.objects.get().answers == {"precision": "A"}


def test_an_expired_rater_can_still_fill_another_slot_of_the_comparison() -> None:
    """Otherwise a comparison could stay short of its redundancy for want of raters."""
    study = make_study(pairs=1, redundancy=2)
    one, two = enrol(study), enrol(study)
    lost = claim(one)
    old_id = lost.public_id
    expire(lost)
    slot_of_two = Slot.objects.get(pk=lost.slot_id)
    enrolled = Enrolment.objects.filter(pk=two.pk)
    enrolled.update(start_key=slot_of_two.random_key)
    submit(two, claim(two))
    moved = claim(one)
    assert moved.pk == lost.pk
    assert moved.slot_id != lost.slot_id
    assert moved.position_of_test == moved.slot.position_of_test != lost.position_of_test
    assert moved.public_id != old_id, "a form still open with the texts in the old order must not be accepted"
    with pytest.raises(LeaseLostError):
        submit_judgment(enrolment_id=one.pk, public_id=old_id, answers=reply(), idempotency_key=uuid.uuid4())
    submit(one, moved)
    assert slot_states(study) == ["filled", "filled"]


def test_a_late_submit_fills_its_slot_if_that_is_still_open() -> None:
    study = make_study(pairs=1, redundancy=1)
    rater = enrol(study)
    late = claim(rater)
    expire(late)
    submit(rater, late)
    late.refresh_from_db()
    assert late.status == "submitted"
    assert slot_states(study) == ["filled"]


@pytest.mark.parametrize("other_has_submitted", [True, False])
def test_a_late_submit_is_surplus_if_somebody_else_has_the_slot(other_has_submitted: bool) -> None:
    study = make_study(pairs=1, redundancy=1)
    slow, other = enrol(study), enrol(study)
    late = claim(slow)
    expire(late)
    taken = claim(other)
    if other_has_submitted:
        submit(other, taken)
    submit(slow, late)
    late.refresh_from_db()
    assert late.status == "surplus"
    assert late.judgments.count() == 1
    if not other_has_submitted:
        submit(other, taken)
    taken.refresh_from_db()
    assert taken.status == "submitted"
    assert slot_states(study) == ["filled"]


def test_a_returned_comparison_goes_to_others_only() -> None:
    study = make_study(pairs=1, redundancy=1)
    rater, other = enrol(study), enrol(study)
    given_back = claim(rater)
    return_assignment(enrolment_id=rater.pk, public_id=given_back.public_id)
    assert claim_assignment(enrolment_id=rater.pk) is None
    with pytest.raises(LeaseLostError):
        submit(rater, given_back)
    assert claim(other).slot_id == given_back.slot_id
    assert AuditEvent.objects.filter(action="assignment.returned").count() == 1


def test_finishing_reopens_the_slot_held_and_coming_back_resumes() -> None:
    study = make_study(pairs=2, redundancy=1)
    rater = enrol(study)
    held = claim(rater)
    finish_enrolment(enrolment_id=rater.pk)
    assert slot_states(study) == ["open", "open"]
    assert claim(rater).pk == held.pk
    rater.refresh_from_db()
    assert (rater.status, rater.finished_at) == ("active", None)


def test_nobody_judges_more_than_the_study_asks_of_one_rater() -> None:
    study = make_study(pairs=5, redundancy=1, assignments_per_rater=2)
    rater = enrol(study)
    for _ in range(2):
        submit(rater, claim(rater))
    assert claim_assignment(enrolment_id=rater.pk) is None


@pytest.mark.parametrize(
    "decision", [{"is_excluded": True, "exclusion_reason": "a test"}, {"status": "withdrawn"}]
)
def test_who_is_excluded_or_has_withdrawn_gets_no_more_work(decision: dict[str, object]) -> None:
    study = make_study(pairs=2, redundancy=1)
    rater = enrol(study)
    submit(rater, claim(rater))
    Enrolment.objects.filter(pk=rater.pk).update(**decision)
    assert claim_assignment(enrolment_id=rater.pk) is None


def test_a_paused_study_hands_out_nothing_but_lets_raters_finish() -> None:
    study = make_study(pairs=2, redundancy=1)
    holder, waiting = enrol(study), enrol(study)
    held = claim(holder)
    pause_study(study_id=study.pk)
    with pytest.raises(StudyNotOpenError):
        claim_assignment(enrolment_id=waiting.pk)
    assert claim(holder).pk == held.pk
    submit(holder, held)
    with pytest.raises(StudyNotOpenError):
        claim_assignment(enrolment_id=holder.pk)
    resume_study(study_id=study.pk)
    submit(holder, claim(holder))
    assert slot_states(study) == ["filled", "filled"]


def test_what_arrives_after_closing_is_kept_as_surplus() -> None:
    study = make_study(pairs=2, redundancy=1)
    rater = enrol(study)
    held = claim(rater)
    close_study(study_id=study.pk)
    assert slot_states(study) == ["void", "void"]
    submit(rater, held)
    held.refresh_from_db()
    assert held.status == "surplus"
    with pytest.raises(StudyNotOpenError):
        claim_assignment(enrolment_id=rater.pk)
    assert sweep_leases() == 0


def test_the_sweep_never_reopens_a_slot_of_a_closed_study() -> None:
    study = make_study(pairs=1, redundancy=1)
    rater = enrol(study)
    held = claim(rater)
    close_study(study_id=study.pk)
    expire(held)
    assert slot_states(study) == ["void"]


def test_the_sweep_works_in_batches() -> None:
    study = make_study(pairs=5, redundancy=1)
    for _ in range(5):
        claim(enrol(study))
    assert sweep_leases(batch=2) == 0
    Assignment.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert sweep_leases(batch=2) == 5
    assert slot_states(study) == ["open"] * 5


def test_the_same_submit_twice_counts_once() -> None:
    study = make_study(pairs=1, redundancy=1)
    rater = enrol(study)
    assignment = claim(rater)
    first, second = submit(rater, assignment), submit(rater, assignment)
    assert first.pk == second.pk
    assert Judgment.objects.count() == 1


def test_changed_answers_append_a_revision_and_an_old_request_repeated_does_not_undo_it() -> None:
    study = make_study(pairs=1, redundancy=1)
    rater = enrol(study)
    assignment = claim(rater)
    first = submit(rater, assignment, "A")
    second = submit(rater, assignment, "B")
    assert (second.revision, second.is_latest, second.precision) == (1, True, "B")
    assert submit(rater, assignment, "A").pk == second.pk
    first.refresh_from_db()
    assert (first.precision, first.is_latest) == ("A", False)
    assert [judgment.attribute_answers.count() for judgment in (first, second)] == [2, 2]
    third = revise_judgment(
        enrolment_id=rater.pk,
        public_id=assignment.public_id,
        answers=reply("A"),
        idempotency_key=uuid.uuid4(),
        began_at=timezone.now() - timedelta(seconds=20),
    )
    assert (third.revision, third.precision) == (2, "A")
    assert third.duration_s == pytest.approx(20, abs=2)
    assert slot_states(study) == ["filled"]


def test_after_closing_answers_are_final() -> None:
    study = make_study(pairs=1, redundancy=1)
    rater = enrol(study)
    assignment = claim(rater)
    first = submit(rater, assignment, "A")
    close_study(study_id=study.pk)
    assert submit(rater, assignment, "B").pk == first.pk
    assert Judgment.objects.count() == 1


def test_the_duration_is_from_lease_to_submit() -> None:
    study = make_study(pairs=1, redundancy=1)
    rater = enrol(study)
    assignment = claim(rater)
    Assignment.objects.update(leased_at=timezone.now() - timedelta(seconds=90))
    assert submit(rater, assignment).duration_s == pytest.approx(90, abs=2)


def test_one_cannot_answer_for_another() -> None:
    study = make_study(pairs=2, redundancy=1)
    rater, thief = enrol(study), enrol(study)
    assignment = claim(rater)
    claim(thief)
    for act in (
        lambda: submit(thief, assignment),
        lambda: renew_lease(enrolment_id=thief.pk, public_id=assignment.public_id),
        lambda: save_draft(enrolment_id=thief.pk, public_id=assignment.public_id, answers={}),
        lambda: return_assignment(enrolment_id=thief.pk, public_id=assignment.public_id),
        lambda: revise_judgment(
            enrolment_id=thief.pk,
            public_id=assignment.public_id,
            answers=reply(),
            idempotency_key=uuid.uuid4(),
        ),
    ):
        with pytest.raises(LeaseLostError):
            act()
