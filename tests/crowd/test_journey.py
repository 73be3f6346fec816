"""A rater's way from Prolific through a study and back."""

import pytest
from django.test import Client
from django.urls import reverse

from annotations.models import Assignment, CrowdSession, Enrolment, Rater
from annotations.services.invitations import revoke_invitation
from annotations.services.launch import LaunchError, launch_study
from annotations.services.studies import close_study, pause_study
from tests.crowd.people import ANN, BOB, CODES, address, agree, begin, code_on, judge, make_crowd_study
from tests.rater.world import make_catalogue, make_link, make_spec

pytestmark = pytest.mark.django_db


def test_from_prolific_and_back() -> None:
    study, link = make_crowd_study(pairs=2)
    client = begin(link)
    rater = Rater.objects.get()
    assert (rater.platform, rater.external_id, rater.kind) == ("prolific", ANN, "human")
    session = CrowdSession.objects.get()
    assert (session.external_id, session.external_study_id) == ("s1", "60d9aadeb86739de712f0001")
    for _ in range(2):
        judge(client, link)
    assert code_on(client, f"{link}work/") == CODES["completed"] == study.completion_code


def test_fetching_the_link_consumes_nothing() -> None:
    _, link = make_crowd_study()
    for _ in range(2):
        assert Client().get(address(link)).status_code == 200
        assert Client().head(address(link)).status_code == 200
    client = begin(link)
    # Neither does a known rater's browser that fetches the link of another session.
    client.get(address(link, session="s2"))
    assert Rater.objects.count() == CrowdSession.objects.count() == 1


def test_the_same_rater_goes_on_anywhere() -> None:
    _, link = make_crowd_study(pairs=3)
    phone = begin(link)
    judge(phone, link)
    laptop = Client()
    assert agree(laptop, address(link, session="s2")) == f"{link}work/"
    judge(laptop, link)
    assert Enrolment.objects.count() == 1
    assert Assignment.objects.filter(status="submitted").count() == 2
    assert set(CrowdSession.objects.values_list("external_id", flat=True)) == {"s1", "s2"}
    # The session that is current needs no second consent in the browser that knows it.
    assert laptop.get(address(link, session="s2")).headers["Location"] == f"{link}work/"


def test_two_raters_on_one_computer_are_two() -> None:
    _, link = make_crowd_study(pairs=3)
    client = begin(link)
    judge(client, link)
    assert client.get(address(link, rater=BOB, session="s9")).status_code == 200
    agree(client, address(link, rater=BOB, session="s9"))
    client.post(f"{link}instructions/")
    judge(client, link)
    assert Assignment.objects.values("enrolment").distinct().count() == Rater.objects.count() == 2


def test_an_address_without_ids_gets_a_page_that_names_them() -> None:
    _, link = make_crowd_study()
    hostile = "%3Cscript%3Ealert(1)%3C/script%3E"
    response = Client().get(f"{link}?PROLIFIC_PID={hostile}&STUDY_ID=st")
    page = response.content.decode()
    assert response.status_code == 400
    assert "<code>SESSION_ID</code> is missing" in page
    assert "<code>PROLIFIC_PID</code> is not an id" in page
    assert "alert(1)" not in page
    assert Client().post(f"{link}?PROLIFIC_PID={hostile}", {"entry": ""}).status_code == 400
    assert not Rater.objects.exists()


def test_a_rater_with_a_cookie_needs_no_ids() -> None:
    _, link = make_crowd_study()
    client = begin(link)
    assert client.get(link).headers["Location"] == f"{link}work/"
    assert client.get(f"{link}?PROLIFIC_PID=%00").status_code == 400


def test_a_plain_link_into_the_same_study_asks_for_no_ids() -> None:
    study, _ = make_crowd_study()
    assert Client().get(make_link(study)[1]).status_code == 200


class TestCodes:
    def test_stopping_early_where_a_number_is_asked(self) -> None:
        _, link = make_crowd_study(pairs=4, assignments_per_rater=2)
        client = begin(link)
        judge(client, link)
        assert code_on(client, f"{link}finish/") == ""
        client.post(f"{link}finish/")
        assert code_on(client, f"{link}finish/") == CODES["partial"]
        judge(client, link)
        assert code_on(client, f"{link}work/") == CODES["completed"]

    def test_stopping_early_where_no_number_is_asked(self) -> None:
        _, link = make_crowd_study(pairs=4)
        client = begin(link)
        judge(client, link)
        client.post(f"{link}finish/")
        assert code_on(client, f"{link}finish/") == CODES["completed"]

    def test_leaving_at_once(self) -> None:
        _, link = make_crowd_study()
        client = begin(link)
        client.post(f"{link}finish/")
        assert code_on(client, f"{link}finish/") == CODES["partial"]

    def test_work_that_runs_out_is_complete_and_a_place_that_never_was_is_not(self) -> None:
        _, link = make_crowd_study(pairs=1, assignments_per_rater=5)
        late = begin(link, rater=BOB, session="s2")
        client = begin(link)
        judge(client, link)
        assert code_on(client, f"{link}work/") == CODES["completed"]
        assert code_on(late, f"{link}work/") == CODES["study_full"]
        assert code_on(Client(), address(link, rater="new", session="s3")) == CODES["study_full"]
        # Whoever worked here before finds their own code from any device, though the study is full.
        elsewhere = Client()
        agree(elsewhere, address(link))
        assert code_on(elsewhere, f"{link}finish/") == CODES["completed"]

    @pytest.mark.parametrize("stop", [pause_study, close_study])
    def test_a_study_that_stops(self, stop) -> None:
        study, link = make_crowd_study(pairs=4)
        busy, idle = begin(link), begin(link, rater=BOB, session="s2")
        judge(busy, link)
        stop(study_id=study.pk)
        assert code_on(busy, f"{link}work/") == CODES["partial"]
        assert code_on(idle, f"{link}work/") == CODES["study_full"]
        assert code_on(Client(), address(link, rater="new")) == CODES["study_full"]

    def test_a_link_that_is_revoked(self) -> None:
        study, link = make_crowd_study()
        revoke_invitation(invitation=study.invitations.get())
        assert code_on(Client(), address(link)) == CODES["study_full"]

    def test_no_button_to_a_host_that_is_no_longer_allowed(self, settings) -> None:
        _, link = make_crowd_study()
        settings.CROWD_RETURN_HOSTS = []
        client = begin(link)
        client.post(f"{link}finish/")
        page = client.get(f"{link}finish/").content.decode()
        assert CODES["partial"] in page
        assert "https://" not in page


def test_a_study_is_not_launched_with_a_host_that_is_not_allowed(settings) -> None:
    make_catalogue()
    settings.CROWD_RETURN_HOSTS = ["elsewhere.example.org"]
    with pytest.raises(LaunchError) as caught:
        launch_study(spec=make_spec(crowd={"platform": "prolific", "codes": CODES}))
    assert "app.prolific.com is not in the setting CROWD_RETURN_HOSTS" in str(caught.value.problems)


def test_the_completion_code_is_the_platforms() -> None:
    make_catalogue()
    with pytest.raises(ValueError, match=r"differs from crowd\.codes\.completed"):
        launch_study(spec=make_spec(completion_code="OTHER", crowd={"platform": "prolific", "codes": CODES}))


def test_the_webhook_route_stands_where_the_documentation_says() -> None:
    assert reverse("crowd_prolific_events") == "/crowd/prolific/events/"
