"""Every route of home, studies and results with owner, teammate, staff, outsider and anonymous."""

import pytest
from django.urls import reverse

from annotations.models import Study
from annotations.views.home import urls as home_urls
from annotations.views.results import urls as results_urls
from annotations.views.studies import urls as studies_urls
from tests.access.people import people_around
from tests.study_data import make_study

pytestmark = pytest.mark.django_db

PEOPLE = ("owner", "staff", "editor", "viewer", "outsider")
SEEN_BY_ALL = (200, 200, 200, 200, 200)
SEEN_BY_TEAM = (200, 200, 200, 200, 404)
DONE_BY_EDITORS = (302, 302, 302, 403, 404)
SHOWN_TO_EDITORS = (200, 200, 200, 403, 404)

# route -> (method, what each person gets); an anonymous visitor is always sent to the login page.
ROUTES = {
    "home": ("get", SEEN_BY_ALL),
    "study_list": ("get", SEEN_BY_ALL),
    "study_detail": ("get", SEEN_BY_TEAM),
    "study_raters": ("get", SEEN_BY_TEAM),
    "study_results": ("get", SEEN_BY_TEAM),
    "study_results_json": ("get", SEEN_BY_TEAM),
    "study_labels_csv": ("get", SEEN_BY_TEAM),
    "study_labels_jsonl": ("get", SEEN_BY_TEAM),
    "study_labels_manifest": ("get", SEEN_BY_TEAM),
    "study_pause": ("post", DONE_BY_EDITORS),
    "study_resume": ("post", DONE_BY_EDITORS),
    "study_close": ("post", DONE_BY_EDITORS),
    "study_link_create": ("post", SHOWN_TO_EDITORS),
    "study_link_revoke": ("post", DONE_BY_EDITORS),
    "study_rater_decide": ("post", DONE_BY_EDITORS),
}
BODIES = {
    "study_link_create": {"rater_kind": "human"},
    "study_rater_decide": {"decision": "exclude", "reason": "answered at random"},
}


@pytest.fixture
def data():
    data = make_study()
    data.judge("ann", 0, precision="A")
    return data


def address(route, data):
    pattern = next(
        p for module in (home_urls, studies_urls, results_urls) for p in module.urlpatterns if p.name == route
    )
    wanted = pattern.pattern.converters
    values = {}
    if "name" in wanted:
        values["name"] = data.study.name
    if route == "study_link_revoke":
        values["pk"] = data.study.invitations.create(token_sha256="0" * 64).pk
    if route == "study_rater_decide":
        values["pk"] = data.raters["ann"].pk
    return reverse(route, kwargs=values)


def test_no_route_is_missing_here():
    patterns = [p for module in (home_urls, studies_urls, results_urls) for p in module.urlpatterns]
    assert {pattern.name for pattern in patterns} == set(ROUTES)


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("route", ROUTES)
def test_what_each_person_gets(route, person, data):
    method, expected = ROUTES[route]
    people = people_around(data.study)
    response = getattr(getattr(people, person), method)(address(route, data), BODIES.get(route, {}))
    assert response.status_code == expected[PEOPLE.index(person)]
    if response.status_code in (403, 404):
        data.study.refresh_from_db()
        assert data.study.status == Study.Status.OPEN
        assert not data.study.enrolments.filter(is_excluded=True).exists()
        assert not data.study.invitations.exclude(token_sha256="0" * 64).exists()
        assert not data.study.invitations.exclude(revoked_at=None).exists()


@pytest.mark.parametrize("route", ROUTES)
def test_nobody_logged_in_is_sent_to_log_in(route, data):
    method, _ = ROUTES[route]
    where = address(route, data)
    response = getattr(people_around(data.study).anonymous, method)(where, BODIES.get(route, {}))
    assert (response.status_code, response.url) == (302, f"/accounts/login/?next={where}")


@pytest.mark.parametrize("route", ROUTES)
def test_the_other_method_is_refused(route, data):
    method, _ = ROUTES[route]
    other = "post" if method == "get" else "get"
    assert getattr(people_around(data.study).owner, other)(address(route, data)).status_code == 405


def test_an_account_that_was_switched_off_gets_nothing(data):
    people = people_around(data.study)
    data.study.owner.is_active = False
    data.study.owner.save()
    assert people.owner.get(reverse("study_detail", args=["films"])).status_code == 302


def test_lists_show_only_what_one_may_see(data):
    people = people_around(data.study)
    make_study("secret")
    for route in ("home", "study_list"):
        for person, seen in (("owner", 1), ("editor", 1), ("viewer", 1), ("outsider", 0), ("staff", 2)):
            page = getattr(people, person).get(reverse(route)).content.decode()
            assert ("/studies/films/" in page) + ("/studies/secret/" in page) == seen, (route, person)


def test_a_link_or_rater_of_another_study_is_not_reached_through_ones_own(data):
    people = people_around(data.study)
    other = make_study("other")
    link = other.study.invitations.create(token_sha256="1" * 64)
    enrolment = other.enrol("bob")
    for route, pk in (("study_link_revoke", link.pk), ("study_rater_decide", enrolment.pk)):
        where = reverse(route, kwargs={"name": "films", "pk": pk})
        assert people.owner.post(where, BODIES["study_rater_decide"]).status_code == 404
    link.refresh_from_db()
    enrolment.refresh_from_db()
    assert link.revoked_at is None
    assert not enrolment.is_excluded


def test_viewers_see_no_links_and_no_buttons(data):
    people = people_around(data.study)
    for person, shown in (("editor", True), ("viewer", False)):
        page = getattr(people, person).get(reverse("study_detail", args=["films"])).content.decode()
        assert ("Close for good" in page) is shown
        assert ("Make a link" in page) is shown
