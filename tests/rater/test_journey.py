"""The rater's way from the link to the thank-you page, by plain form posts."""

import re
from html import unescape

import pytest
from django.test import Client

from annotations.models import Assignment, Enrolment, Judgment, Rater, Slot
from tests.rater.world import make_link, make_study

pytestmark = pytest.mark.django_db


def enter(client: Client, link: str) -> None:
    page = client.get(link).content.decode()
    entry = re.search(r'name="entry" value="([^"]+)"', page)
    assert entry
    response = client.post(link, {"entry": unescape(entry[1])})
    assert response.headers["Location"] == f"{link}instructions/"
    assert client.post(f"{link}instructions/").headers["Location"] == f"{link}work/"


def open_form(client: Client, link: str) -> tuple[str, dict[str, str]]:
    """The form's address and its hidden key."""
    page = client.get(f"{link}work/").content.decode()
    action = re.search(r'action="([^"]+/answers/[^"]+)"', page)
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert action, page
    assert key
    return action[1], {"key": key[1]}


def complete_answers(**changes: str) -> dict[str, str]:
    answers = {"precision": "A", "appeal": "B", "overall": "A"}
    for position in range(2):
        answers |= {f"covers_a_{position}": "yes", f"covers_b_{position}": "no"}
    return answers | changes


def test_from_link_to_completion_code() -> None:
    study = make_study(pairs=3, redundancy=1, completion_code="THANKS-42")
    _, link = make_link(study)
    client = Client()
    enter(client, link)
    for _ in range(3):
        action, key = open_form(client, link)
        response = client.post(action, key | complete_answers(covers_b_0="yes", aligns_0="B"))
        assert response.status_code == 302, response.content.decode()
    response = client.get(f"{link}work/", follow=True)
    assert response.redirect_chain == [(f"{link}finish/", 302)]
    assert "THANKS-42" in response.content.decode()
    assert Judgment.objects.count() == 3
    assert set(Slot.objects.values_list("status", flat=True)) == {"filled"}
    judgment = Judgment.objects.order_by("pk").first()
    assert judgment is not None
    assert (judgment.precision, judgment.appeal, judgment.overall) == ("A", "B", "A")
    answers = list(judgment.attribute_answers.order_by("sampled_attribute__position"))
    assert [(a.covers_a, a.covers_b, a.aligns) for a in answers] == [(True, True, "B"), (True, False, None)]
    assert Rater.objects.get().kind == "human"
    enrolment = Enrolment.objects.get()
    assert enrolment.status == "finished"
    assert enrolment.consented_at is not None
    assert Assignment.objects.filter(status="submitted").count() == 3


def test_coming_back_to_a_page_with_errors_shows_the_work_page() -> None:
    """The browser asks for the address of the refused form without its answers."""
    _, link = make_link(make_study(pairs=1, redundancy=1))
    client = Client()
    enter(client, link)
    action, key = open_form(client, link)
    assert client.post(action, key).status_code == 422
    assert client.get(action).headers["Location"] == f"{link}work/"
    assert not Judgment.objects.exists()
