"""The list of studies, a study's page, its raters, and what the buttons do."""

import re

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from annotations.models import AuditEvent, Invitation, Run
from annotations.services.audit import record_event
from annotations.services.invitations import hash_token
from tests.study_data import make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return User.objects.create_user("owner")


@pytest.fixture
def visitor(client, owner):
    client.force_login(owner)
    return client


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.parametrize("number", [1, 3])
def test_queries_of_the_lists(visitor, owner, number, django_assert_num_queries):
    for place in range(number):
        data = make_study(f"study-{place}", open_slots=2, study_fields={"owner": owner})
        data.judge("ann", 0, precision="A")
        Run.objects.create(
            name="SFT",
            kind="x",
            queue="light",
            config={},
            code_version="1",
            started_by=owner,
            status="succeeded",
        )
    # session, account, number of studies, studies with their progress
    with django_assert_num_queries(4):
        visitor.get("/studies/")
    # session, account, running studies, closed studies, runs, catalogues
    with django_assert_num_queries(6):
        visitor.get("/")


@pytest.mark.parametrize("number", [1, 3])
def test_queries_of_a_study_and_its_raters(visitor, owner, number, django_assert_num_queries):
    data = make_study(
        contrasts=tuple((f"test-{place}", "sft") for place in range(number)), study_fields={"owner": owner}
    )
    for place in range(number):
        data.study.invitations.create(token_sha256=f"{place:064d}")
        record_event(action="x", object_kind="study", object_id=1, study=data.study, account=owner)
        data.enrol(f"bot{place}", kind="bot")
        for comparison in range(3):
            data.judge(f"r{place}", comparison, precision="A")
            data.judge(f"bot{place}", comparison, precision="A")
    # session, account, study, slots, enrolments by kind, answers by kind, contrasts, comparisons (number,
    # page, slots, answers), links, log
    with django_assert_num_queries(13):
        visitor.get("/studies/films/")
    # session, account, study, raters (number, page)
    with django_assert_num_queries(5):
        visitor.get("/studies/films/raters/")


def test_a_study_page_shows_how_far_it_has_come(visitor, owner):
    data = make_study(open_slots=2, study_fields={"owner": owner})
    data.judge("ann", 0, precision="A")
    data.judge("ann", 1, precision="A", status="surplus")
    data.enrol("bot", kind="bot")
    data.judge("bot", 0, precision="A")
    page = text_of(visitor.get("/studies/films/"))
    assert "3 of 9 (33%)" in page
    assert re.search(r"people 1 0 1 1 ", page)  # entered, finished, judgments, surplus
    assert re.search(r"simulated 1 0 1 0 ", page)
    assert "1 people, 1 simulated" in page
    assert "2 of 4" in page


def test_the_log_is_for_editors_and_in_words(visitor, owner):
    make_study(study_fields={"owner": owner})
    visitor.post("/studies/films/pause/")
    assert "study paused by owner" in text_of(visitor.get("/studies/films/"))


def test_a_link_is_shown_once_and_only_its_hash_is_kept(visitor, owner):
    make_study(study_fields={"owner": owner})
    response = visitor.post("/studies/films/links/", {"rater_kind": "human", "max_raters": "5"})
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    token = re.search(r"http://testserver/r/([\w-]+)/", response.content.decode()).group(1)
    invitation = Invitation.objects.get()
    assert (invitation.token_sha256, invitation.max_raters) == (hash_token(token), 5)
    assert token not in visitor.get("/studies/films/").content.decode()
    assert visitor.get(f"/r/{token}/").status_code == 200
    event = AuditEvent.objects.get(action="invitation.created")
    assert event.account == owner
    assert token not in str(event.data)


def test_a_wrong_link_form_comes_back_with_its_error(visitor, owner):
    make_study(study_fields={"owner": owner})
    response = visitor.post("/studies/films/links/", {"rater_kind": "human", "max_raters": "0"})
    assert response.status_code == 422
    assert "greater than or equal to 1" in text_of(response)
    assert not Invitation.objects.exists()


def test_a_link_can_be_revoked(visitor, owner):
    data = make_study(study_fields={"owner": owner})
    invitation = data.study.invitations.create(token_sha256="0" * 64)
    visitor.post(reverse("study_link_revoke", args=["films", invitation.pk]))
    invitation.refresh_from_db()
    assert invitation.revoked_at is not None


def test_pausing_resuming_and_closing(visitor, owner):
    data = make_study(open_slots=1, study_fields={"owner": owner})
    for act, status in (("pause", "paused"), ("resume", "open"), ("close", "closed")):
        response = visitor.post(f"/studies/films/{act}/", follow=True)
        data.study.refresh_from_db()
        assert data.study.status == status
        assert response.redirect_chain == [("/studies/films/", 302)]
    again = visitor.post("/studies/films/close/", follow=True)
    assert "Not done: the study" in text_of(again)
    assert list(AuditEvent.objects.order_by("pk").values_list("action", "account__username")) == [
        ("study.paused", "owner"),
        ("study.resumed", "owner"),
        ("study.closed", "owner"),
    ]


def test_a_rater_is_excluded_and_counted_again_with_reasons(visitor, owner):
    data = make_study(study_fields={"owner": owner})
    data.judge("ann", 0, precision="A")
    enrolment = data.raters["ann"]
    where = reverse("study_rater_decide", args=["films", enrolment.pk])

    response = visitor.post(where, {"decision": "exclude", "reason": "  "})
    assert response.status_code == 422
    assert "A reason is needed." in text_of(response)
    enrolment.refresh_from_db()
    assert not enrolment.is_excluded

    visitor.post(where, {"decision": "exclude", "reason": "answered at random"})
    enrolment.refresh_from_db()
    assert (enrolment.is_excluded, enrolment.exclusion_reason) == (True, "answered at random")
    assert "excluded answered at random" in text_of(visitor.get("/studies/films/raters/"))
    assert "1 of excluded raters" in text_of(visitor.get("/studies/films/results/"))

    repeated = visitor.post(where, {"decision": "exclude", "reason": "again"}, follow=True)
    assert "Not done: this rater is excluded already." in text_of(repeated)

    visitor.post(where, {"decision": "include", "reason": "it was a slow network"})
    enrolment.refresh_from_db()
    assert (enrolment.is_excluded, enrolment.exclusion_reason) == (False, "")
    events = AuditEvent.objects.filter(object_kind="rater").order_by("pk")
    assert list(events.values_list("action", "data__reason")) == [
        ("rater.excluded", "answered at random"),
        ("rater.included", "it was a slow network"),
    ]
    assert {event.object_id for event in events} == {str(enrolment.rater.public_id)}


def test_the_login_page_takes_a_password_and_leads_on(client, owner):
    owner.set_password("long enough to pass")
    owner.save()
    make_study(study_fields={"owner": owner})
    assert "Log in" in text_of(client.get("/accounts/login/?next=/studies/"))
    wrong = client.post("/accounts/login/", {"login": "owner", "password": "no"})
    assert "not correct" in text_of(wrong)
    right = client.post(
        "/accounts/login/", {"login": "owner", "password": "long enough to pass", "next": "/studies/films/"}
    )
    assert (right.status_code, right.url) == (302, "/studies/films/")
    client.logout()
    assert "Sign Up Closed" in text_of(client.get("/accounts/signup/"))
