"""Many raters at once on a real PostgreSQL: every comparison gets exactly its redundancy."""

import random
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from annotations.assignment import claiming
from annotations.assignment.answers import Answers
from annotations.models import Assignment, Enrolment, Judgment, Slot, Study
from annotations.services.claims import claim_assignment, return_assignment, sweep_leases
from annotations.services.enrolments import enrol_rater
from annotations.services.invitations import create_invitation
from annotations.services.judgments import submit_judgment
from tests.rater.world import make_study

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 20
ANSWERS = Answers(choices={"precision": "A", "appeal": "A", "overall": "A"})


def enrol_all(study: Study, count: int) -> list[Enrolment]:
    invitation = create_invitation(study=study).invitation
    return [
        enrol_rater(invitation_id=invitation.pk, external_id=uuid.uuid4().hex, consent="yes").enrolment
        for _ in range(count)
    ]


def submit(rater_id: int, assignment: Assignment) -> None:
    submit_judgment(
        enrolment_id=rater_id,
        public_id=assignment.public_id,
        answers=ANSWERS,
        idempotency_key=uuid.uuid4(),
    )


def assert_exact(study: Study, redundancy: int) -> None:
    assert set(study.slots.values_list("status", flat=True)) == {"filled"}
    filled = Counter(
        Assignment.objects.filter(study=study, status="submitted").values_list("comparison_id", flat=True)
    )
    assert set(filled.values()) == {redundancy}
    assert len(filled) == study.comparisons.count()
    seen = Assignment.objects.filter(study=study).values_list("enrolment_id", "comparison_id")
    assert len(seen) == len(set(seen))
    held = Assignment.objects.filter(status="submitted").values_list("slot_id", flat=True)
    assert len(held) == len(set(held))


def test_twenty_raters_fill_every_slot_exactly_once() -> None:
    study = make_study(pairs=12, redundancy=5, questions=["precision", "appeal", "overall"])
    raters = enrol_all(study, THREADS)

    def judge(rater: Enrolment) -> int:
        judged = 0
        try:
            while (assignment := claim_assignment(enrolment_id=rater.pk)) is not None:
                submit(rater.pk, assignment)
                judged += 1
        finally:
            connection.close()
        return judged

    with ThreadPoolExecutor(THREADS) as pool:
        counts = list(pool.map(judge, raters))
    assert sum(counts) == 60
    assert_exact(study, 5)


def test_exactness_survives_dropouts_returns_and_late_submits() -> None:
    """Each rater loses, returns or forgets some leases; sweeps go on all the while."""
    study = make_study(pairs=10, redundancy=3, questions=["precision", "appeal", "overall"])
    raters = enrol_all(study, THREADS)

    def judge(rater: Enrolment) -> int:
        dice = random.Random(rater.start_key)
        answered = 0
        try:
            for _ in range(14):
                assignment = claim_assignment(enrolment_id=rater.pk)
                if assignment is None:
                    break
                chance = dice.random()
                if chance < 0.2:
                    return_assignment(enrolment_id=rater.pk, public_id=assignment.public_id)
                    continue
                if chance < 0.6:
                    overdue = timezone.now() - timedelta(seconds=1)
                    Assignment.objects.filter(pk=assignment.pk, status="leased").update(expires_at=overdue)
                    sweep_leases()
                if chance < 0.4:
                    continue
                submit(rater.pk, assignment)  # late, if it was swept above
                answered += 1
        finally:
            connection.close()
        return answered

    with ThreadPoolExecutor(THREADS) as pool:
        answered = sum(pool.map(judge, raters))
    assert Judgment.objects.count() == answered, "no answer is lost, surplus or not"
    last = enrol_all(study, 3)
    Assignment.objects.filter(status="leased").update(expires_at=timezone.now() - timedelta(seconds=1))
    sweep_leases()
    for rater in last:
        while (assignment := claim_assignment(enrolment_id=rater.pk)) is not None:
            submit(rater.pk, assignment)
    assert_exact(study, 3)
    surplus = Assignment.objects.filter(status="surplus").count()
    assert Assignment.objects.filter(status="submitted").count() == 30
    assert Judgment.objects.count() == 30 + surplus


def test_one_rater_in_many_tabs_holds_one_lease() -> None:
    study = make_study(pairs=6, redundancy=2)
    (rater,) = enrol_all(study, 1)

    def open_tab(_: int) -> int | None:
        try:
            assignment = claim_assignment(enrolment_id=rater.pk)
            return assignment.pk if assignment else None
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        opened = set(pool.map(open_tab, range(8)))
    assert len(opened) == 1
    assert Slot.objects.filter(status="leased").count() == 1


def test_a_double_submit_at_the_same_moment_counts_once() -> None:
    study = make_study(pairs=1, redundancy=1, questions=["precision", "appeal", "overall"])
    (rater,) = enrol_all(study, 1)
    assignment = claim_assignment(enrolment_id=rater.pk)
    assert assignment is not None
    key = uuid.uuid4()

    def send(_: int) -> int:
        try:
            return submit_judgment(
                enrolment_id=rater.pk,
                public_id=assignment.public_id,
                answers=ANSWERS,
                idempotency_key=key,
            ).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(send, range(8)))) == 1
    assert Judgment.objects.count() == 1


def test_a_claim_does_not_write_over_an_answer_sent_from_another_tab(monkeypatch: pytest.MonkeyPatch) -> None:
    """The late answer to an expired comparison waits for the claim that is moving it to another slot."""
    study = make_study(pairs=1, redundancy=2, questions=["precision", "appeal", "overall"])
    (rater,) = enrol_all(study, 1)
    expired = claim_assignment(enrolment_id=rater.pk)
    assert expired is not None
    Assignment.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    sweep_leases()
    Slot.objects.filter(pk=expired.slot_id).update(status="filled")
    outcomes: list[str] = []

    def submit_late() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '300ms'")
            submit(rater.pk, expired)
            outcomes.append("taken")
        except OperationalError:
            outcomes.append("waits")
        finally:
            connection.close()

    lock_open_slot = claiming.lock_open_slot

    def lock_while_the_other_tab_submits(enrolment: Enrolment) -> claiming.OpenSlot | None:
        slot = lock_open_slot(enrolment)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(submit_late).result()
        return slot

    monkeypatch.setattr(claiming, "lock_open_slot", lock_while_the_other_tab_submits)
    claim_assignment(enrolment_id=rater.pk)
    assert outcomes == ["waits"]
    assert not Judgment.objects.filter(assignment__status="leased").exists()
