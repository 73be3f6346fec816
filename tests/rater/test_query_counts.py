"""Claim, show, autosave and submit cost the same at any size and fill level."""

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from annotations.assignment import claiming
from annotations.models import Assignment, Enrolment, Slot
from annotations.services.claims import claim_assignment
from annotations.services.enrolments import enrol_rater
from annotations.services.invitations import create_invitation
from tests.rater.test_journey import complete_answers, enter, open_form
from tests.rater.world import make_link, make_study

pytestmark = pytest.mark.django_db

# Savepoints and the transactions' own statements count as queries here.
SHOW_FIRST = 15
SHOW_AGAIN = 11
AUTOSAVE = 9
SUBMIT = 14

PARAMETERS = {"study": 0, "enrolment": 0, "start": 0}


@pytest.mark.parametrize(("pairs", "raters"), [(3, 1), (3, 3), (60, 3)])
def test_a_page_costs_the_same_in_every_study(
    pairs: int, raters: int, django_assert_num_queries: Any
) -> None:
    study = make_study(pairs=pairs, redundancy=3)
    _, link = make_link(study)
    others = [Client() for _ in range(raters - 1)]
    for other in others:
        enter(other, link)
        action, key = open_form(other, link)
        other.post(action, key | complete_answers())
    client = Client()
    enter(client, link)
    # From key 0 on no claim has to wrap around, which would be one query more.
    Enrolment.objects.update(start_key=0)
    for judged in range(2):
        with django_assert_num_queries(SHOW_FIRST):
            client.get(f"{link}work/")
        with django_assert_num_queries(SHOW_AGAIN):
            action, key = open_form(client, link)
        with django_assert_num_queries(AUTOSAVE):
            client.post(f"{action}draft/", {"precision": "A"})
        with django_assert_num_queries(SUBMIT):
            assert client.post(action, key | complete_answers()).status_code == 302
        assert Assignment.objects.filter(status="submitted").count() == len(others) + judged + 1


def test_the_claim_uses_the_index_of_open_slots(django_assert_max_num_queries: Any) -> None:
    """At most two look-ups even where nearly everything is filled."""
    study = make_study(pairs=300, redundancy=2)
    keys = Slot.objects.order_by("-random_key").values_list("random_key", flat=True)
    Slot.objects.filter(random_key__lt=keys[3]).update(status="filled")
    invitation = create_invitation(study=study).invitation
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE annotations_slot")
        # For so few slots sorting them may look cheaper; what must hold is that the index gives the order.
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("EXPLAIN " + claiming.OPEN_SLOT.format(side=">="), PARAMETERS | {"study": study.pk})
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "slot_open_by_random_key" in plan
    assert "Sort" not in plan
    for _ in range(3):
        rater = enrol_rater(invitation_id=invitation.pk, external_id=uuid.uuid4().hex, consent="").enrolment
        with django_assert_max_num_queries(11):
            assert claim_assignment(enrolment_id=rater.pk) is not None
