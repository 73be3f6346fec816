"""What rater pages say, keep and keep to themselves."""

import re
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.utils import timezone

from annotations.models import Assignment, Draft, Endorsement, Enrolment, Item, Judgment, Rater, Study
from annotations.services.claims import sweep_leases
from annotations.services.invitations import revoke_invitation
from annotations.services.launch import launch_study
from annotations.services.studies import close_study, pause_study
from tests.rater.test_journey import complete_answers, enter, open_form
from tests.rater.world import make_catalogue, make_link, make_spec, make_study

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert('x')</script> <img src=x onerror=alert(1)> & \"quoted\" {{ 7|add:1 }}"


def body(client: Client, url: str) -> str:
    return client.get(url).content.decode()


def judge_one(client: Client, link: str) -> None:
    action, key = open_form(client, link)
    assert client.post(action, key | complete_answers()).status_code == 302


def elements(page: str) -> list[tuple[str, list[str]]]:
    """Every start tag with the names of its attributes, as a browser would parse them."""
    found: list[tuple[str, list[str]]] = []

    class Collector(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, [name for name, _ in attrs]))

    Collector().feed(page)
    return found


class TestEntry:
    def test_fetching_the_link_consumes_nothing(self) -> None:
        study = make_study()
        _, link = make_link(study, max_raters=1)
        for _ in range(3):
            assert Client().get(link).status_code == 200
            assert Client().head(link).status_code == 200
        assert not Rater.objects.exists()

    def test_nothing_may_index_or_cache_a_page(self) -> None:
        study = make_study()
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        for url in (link, f"{link}instructions/", f"{link}work/", f"{link}finish/", "/r/unknown/"):
            response = client.get(url)
            assert "noindex" in response.headers["X-Robots-Tag"]
            assert "no-store" in response.headers["Cache-Control"]

    def test_the_cookie_is_signed_and_hidden_from_scripts(self) -> None:
        study = make_study()
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        cookie = client.cookies[f"rater_{study.pk}"]
        assert cookie["httponly"]
        assert cookie["path"] == "/r/"
        forged = Client()
        forged.cookies[f"rater_{study.pk}"] = "forged" + cookie.value
        assert forged.get(f"{link}work/").headers["Location"] == link

    def test_sending_the_consent_twice_enrols_once(self) -> None:
        study = make_study()
        _, link = make_link(study)
        client = Client()
        entry = re.search(r'name="entry" value="([^"]+)"', body(client, link))
        assert entry
        first, second = Client(), Client()
        for each in (first, second):
            assert each.post(link, {"entry": unescape(entry[1])}).status_code == 302
        assert Enrolment.objects.count() == 1
        assert first.get(link).status_code == second.get(link).status_code == 302

    def test_a_tampered_consent_form_still_enrols_somebody_new(self) -> None:
        study = make_study()
        _, link = make_link(study)
        for _ in range(2):
            assert Client().post(link, {"entry": "tampered"}).status_code == 302
        assert Enrolment.objects.count() == 2

    def test_one_browser_serves_several_studies(self) -> None:
        make_catalogue(pairs=4)
        studies = [launch_study(spec=make_spec(name=name)) for name in ("one", "two")]
        links = [make_link(study)[1] for study in studies]
        client = Client()
        for link in links:
            enter(client, link)
        for link in links:
            judge_one(client, link)
        assert Enrolment.objects.count() == 2
        assert set(Assignment.objects.filter(status="submitted").values_list("study", flat=True)) == {
            study.pk for study in studies
        }

    def test_without_consent_there_is_no_work(self) -> None:
        study = make_study()
        _, link = make_link(study)
        for page in ("instructions/", "work/", "finish/"):
            assert Client().get(link + page).headers["Location"] == link

    def test_work_begins_with_the_instructions(self) -> None:
        study = make_study()
        _, link = make_link(study)
        client = Client()
        client.post(link, {"entry": ""})
        assert client.get(f"{link}work/").headers["Location"] == f"{link}instructions/"

    def test_coming_back_by_the_link_resumes(self) -> None:
        study = make_study()
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        assert client.get(link).headers["Location"] == f"{link}work/"

    def test_consent_is_sanitized_markdown(self) -> None:
        make_catalogue(pairs=1)
        consent = f"# Hello\n\n{HOSTILE}\n\n[bad](javascript:alert(1)) [good](https://example.org)"
        study = launch_study(spec=make_spec(consent=consent))
        page = body(Client(), make_link(study)[1])
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "javascript:alert" not in page.replace("[bad](javascript:alert(1))", "")
        assert 'href="https://example.org"' in page
        assert "{{ 7|add:1 }}" in page


class TestNotices:
    def test_unknown_link(self) -> None:
        response = Client().get("/r/does-not-exist/work/")
        assert response.status_code == 404
        assert "This link does not work" in response.content.decode()

    def test_expired_and_revoked_links(self) -> None:
        study = make_study()
        _, expired = make_link(study, expires_at=timezone.now() - timedelta(seconds=1))
        revoked_invitation, revoked = make_link(study)
        revoke_invitation(invitation=revoked_invitation)
        for link, text in ((expired, "has expired"), (revoked, "no longer in use")):
            response = Client().get(link)
            assert response.status_code == 410
            assert text in response.content.decode()
            assert text in Client().post(link, {"entry": ""}).content.decode()
        assert not Enrolment.objects.exists()

    def test_who_entered_before_the_link_expired_goes_on(self) -> None:
        study = make_study()
        invitation, link = make_link(study)
        client = Client()
        enter(client, link)
        revoke_invitation(invitation=invitation)
        judge_one(client, link)
        assert Judgment.objects.count() == 1

    def test_a_full_link_and_a_full_study(self) -> None:
        study = make_study(pairs=1, redundancy=1)
        _, narrow = make_link(study, max_raters=1)
        _, wide = make_link(study)
        client = Client()
        enter(client, narrow)
        assert "Every place is taken" in body(Client(), narrow)
        open_form(client, narrow)
        assert "Every place is taken" in body(Client(), wide)

    def test_entering_just_as_the_last_place_goes(self) -> None:
        study = make_study(pairs=1, redundancy=1)
        _, link = make_link(study)
        first, second = Client(), Client()
        enter(first, link)
        enter(second, link)
        open_form(first, link)
        page = body(second, f"{link}work/")
        assert "Every place is taken" in page
        assert "Try again" in page

    def test_paused_and_closed_show_the_code_to_those_who_worked(self) -> None:
        study = make_study(completion_code="PAY-ME")
        _, link = make_link(study)
        worker, idle = Client(), Client()
        enter(worker, link)
        enter(idle, link)
        judge_one(worker, link)
        pause_study(study_id=study.pk)
        assert "taking a break" in body(Client(), link)
        page = body(worker, f"{link}work/")
        assert "taking a break" in page
        assert "PAY-ME" in page
        assert "PAY-ME" not in body(idle, f"{link}work/")
        close_study(study_id=study.pk)
        assert "has ended" in body(Client(), link)
        page = body(worker, f"{link}work/")
        assert "has ended" in page
        assert "PAY-ME" in page

    def test_the_form_of_a_closed_study_is_still_accepted(self) -> None:
        study = make_study()
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        action, key = open_form(client, link)
        close_study(study_id=study.pk)
        assert client.post(action, key | complete_answers()).status_code == 302
        assert Assignment.objects.get().status == "surplus"
        assert study.completion_code in body(client, f"{link}work/")

    def test_stopping_early(self) -> None:
        study = make_study(completion_code="STOPPED")
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        judge_one(client, link)
        open_form(client, link)
        assert "Stop here?" in body(client, f"{link}finish/")
        assert "STOPPED" in client.post(f"{link}finish/", follow=True).content.decode()
        assert set(Assignment.objects.values_list("status", flat=True)) == {"submitted", "expired"}
        assert client.get(link).headers["Location"] == f"{link}finish/"

    def test_an_excluded_rater_still_gets_the_code(self) -> None:
        study = make_study(completion_code="STILL-PAID")
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        judge_one(client, link)
        Enrolment.objects.update(is_excluded=True, exclusion_reason="a test")
        page = client.get(f"{link}work/", follow=True).content.decode()
        assert "STILL-PAID" in page
        assert "look for more" not in page


class TestForm:
    def test_hostile_texts_are_escaped_everywhere(self) -> None:
        make_catalogue(pairs=1)
        Item.objects.update(title=HOSTILE, description=HOSTILE)
        for number, endorsement in enumerate(Endorsement.objects.all()):
            Endorsement.objects.filter(pk=endorsement.pk).delete()
            Endorsement.objects.create(
                system=endorsement.system,
                item=endorsement.item,
                viewer=endorsement.viewer,
                text=f"{number} {HOSTILE}",
                text_sha256="x",
            )
        study = launch_study(spec=make_spec(title=HOSTILE))
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        for url in (f"{link}work/", f"{link}instructions/", f"{link}finish/"):
            page = body(client, url)
            assert "<script>alert" not in page
            assert "<img src=x" not in page
            assert "&lt;script&gt;alert(&#x27;x&#x27;)" in page
        response = client.get(f"{link}work/")
        assert "script-src 'self'" in response.headers["Content-Security-Policy"]
        assert "'unsafe-inline'" not in response.headers["Content-Security-Policy"]
        for tag, attributes in elements(response.content.decode()):
            assert tag != "script" or "src" in attributes
            assert not [name for name in attributes if name == "style" or name.startswith(("on", "hx-on"))]

    def test_nothing_tells_the_systems_apart(self) -> None:
        """With the texts masked, pages with the test text at A and at B are the same but for random ids."""
        make_catalogue(pairs=1)
        study = launch_study(spec=make_spec(redundancy=2))
        _, link = make_link(study)
        masked = {}
        for _ in range(2):
            client = Client()
            enter(client, link)
            response = client.get(f"{link}work/")
            assignment = Assignment.objects.order_by("-pk").first()
            assert assignment is not None
            page = response.content.decode()
            for text in Endorsement.objects.values_list("text", flat=True):
                page = page.replace(text, "TEXT")
            page = re.sub(r'(csrfmiddlewaretoken" value=|name="key" value=)"[^"]+"', r"\1", page)
            page = page.replace(str(assignment.public_id), "ID")
            masked[assignment.position_of_test] = page
            headers = {k: v for k, v in response.headers.items() if k != "Content-Length"}
            masked[assignment.position_of_test] += repr(sorted(headers))
            for secret in ("tailored", "plain", "baseline", study.name, "position", "contrast", "slot"):
                assert secret not in re.sub(r"<[^>]*>", "", page).lower().replace("explain", "")
                assert f'"{secret}' not in page.lower()
        assert masked["A"] == masked["B"]

    def test_the_texts_stand_where_the_slot_says(self) -> None:
        study = make_study(pairs=6, redundancy=1)
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        seen = set()
        for _ in range(6):
            page = body(client, f"{link}work/")
            assignment = Assignment.objects.select_related("comparison__test_endorsement").get(
                status="leased"
            )
            position = assignment.position_of_test
            test_text = assignment.comparison.test_endorsement.text
            shown = re.search(rf'id="text-{position.lower()}">([^<]*)<', page)
            assert shown
            assert unescape(shown[1]) == test_text
            seen.add(position)
            judge_one(client, link)
        assert seen == {"A", "B"}

    def test_missing_answers_are_named_and_nothing_is_lost(self) -> None:
        study = make_study()
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        action, key = open_form(client, link)
        answers = complete_answers(covers_a_1="yes", covers_b_1="yes")
        del answers["appeal"]
        response = client.post(action, key | answers)
        assert response.status_code == 422
        page = response.content.decode()
        assert "2 questions still need an answer" in page
        assert 'id="q-appeal-error"' in page
        assert 'id="q-aligns-1-error"' in page
        assert 'aria-describedby="q-appeal-error"' in page
        assert 'value="A" data-key="a" checked' in page
        assert f'name="key" value="{key["key"]}"' in page
        assert not Judgment.objects.exists()

    @pytest.mark.parametrize(
        "changes", [{"precision": "tie"}, {"precision": "C"}, {"appeal": "skip"}, {"covers_a_0": "maybe"}]
    )
    def test_an_answer_that_was_not_offered_is_refused(self, changes: dict[str, str]) -> None:
        study = make_study()
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        action, key = open_form(client, link)
        response = client.post(action, key | complete_answers(**changes))
        assert response.status_code == 422
        assert "Please choose one of the answers shown." in response.content.decode()

    def test_ties_both_bad_and_skip_where_the_study_offers_them(self) -> None:
        study = make_study(pairs=1, redundancy=1, ties=True, both_bad=True, skip=True)
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        action, key = open_form(client, link)
        answers = complete_answers(
            precision="tie", appeal="both_bad", overall="skip", covers_b_0="yes", aligns_0="tie"
        )
        assert client.post(action, key | answers).status_code == 302
        judgment = Judgment.objects.get()
        assert (judgment.precision, judgment.appeal, judgment.overall) == ("tie", "both_bad", "skip")

    def test_aligning_is_dropped_where_not_both_cover(self) -> None:
        study = make_study(pairs=1, redundancy=1)
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        action, key = open_form(client, link)
        assert (
            client.post(action, key | complete_answers(aligns_0="A", aligns_1="nonsense")).status_code == 302
        )
        answers = Judgment.objects.get().attribute_answers.all()
        assert [answer.aligns for answer in answers] == [None, None]

    def test_only_the_questions_of_the_study_are_asked(self) -> None:
        make_catalogue(pairs=1)
        study = launch_study(spec=make_spec(questions=["appeal", "coverage"]))
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        page = body(client, f"{link}work/")
        assert 'name="appeal"' in page
        assert 'name="covers_b_1"' in page
        assert not re.search('name="(precision|overall|aligns_0)"', page)
        action, key = open_form(client, link)
        answers = {f"covers_{side}_{n}": "yes" for side in "ab" for n in range(2)} | {"appeal": "B"}
        assert client.post(action, key | answers).status_code == 302
        judgment = Judgment.objects.get()
        assert (judgment.precision, judgment.appeal, judgment.overall) == (None, "B", None)
        assert [answer.aligns for answer in judgment.attribute_answers.all()] == [None, None]

    def test_a_double_submit_counts_once_and_a_lost_key_costs_nothing(self) -> None:
        study = make_study(pairs=2, redundancy=1)
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        action, key = open_form(client, link)
        for _ in range(2):
            assert client.post(action, key | complete_answers()).status_code == 302
        assert Judgment.objects.count() == 1
        action, _ = open_form(client, link)
        for _ in range(2):
            assert client.post(action, {"key": "garbage"} | complete_answers()).status_code == 302
        assert Judgment.objects.count() == 2

    def test_going_back_and_changing_an_answer_appends_a_revision(self) -> None:
        study = make_study(pairs=2, redundancy=1)
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        action, key = open_form(client, link)
        client.post(action, key | complete_answers(precision="A"))
        client.post(action, key | complete_answers(precision="B"))
        revisions = Judgment.objects.order_by("revision").values_list("revision", "precision", "is_latest")
        assert list(revisions) == [(0, "A", False), (1, "B", True)]

    def test_a_late_submit_is_taken(self) -> None:
        study = make_study(pairs=1, redundancy=1)
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        action, key = open_form(client, link)
        Assignment.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        sweep_leases()
        assert client.post(action, key | complete_answers()).status_code == 302
        assert Assignment.objects.get().status == "submitted"

    def test_the_form_of_another_rater_is_refused_kindly(self) -> None:
        study = make_study()
        _, link = make_link(study)
        owner, thief = Client(), Client()
        enter(owner, link)
        enter(thief, link)
        action, key = open_form(owner, link)
        for url in (action, f"{action}draft/"):
            response = thief.post(url, key | complete_answers())
            assert response.status_code == 409
        assert "Next comparison" in thief.post(action, key | complete_answers()).content.decode()
        assert not Judgment.objects.exists()

    def test_forgery_across_sites_is_refused(self) -> None:
        study = make_study()
        _, link = make_link(study)
        client = Client(enforce_csrf_checks=True)
        assert client.post(link, {"entry": ""}).status_code == 403


class TestDrafts:
    def test_a_draft_is_shown_again_on_the_next_visit(self) -> None:
        study = make_study()
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        action, _ = open_form(client, link)
        response = client.post(f"{action}draft/", {"precision": "B", "covers_a_0": "no", "overall": ""})
        assert response.json() == {"saved": True}
        page = body(client, f"{link}work/")
        assert re.search(r'name="precision"[^>]*value="B"[^>]* checked', page)
        assert re.search(r'name="covers_a_0"[^>]*value="no"[^>]* checked', page)
        assert not re.search(r'name="overall"[^>]* checked', page)

    def test_a_draft_keeps_only_answers_of_the_form(self) -> None:
        study = make_study()
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        action, _ = open_form(client, link)
        client.post(
            f"{action}draft/", {"precision": "B", "appeal": "x" * 10_000, "evil": "1", "overall": "tie"}
        )
        assert Draft.objects.get().answers == {"precision": "B"}

    def test_a_draft_renews_the_lease_and_a_submit_removes_it(self) -> None:
        study = make_study(lease_s=600)
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        action, key = open_form(client, link)
        soon = timezone.now() + timedelta(seconds=5)
        Assignment.objects.update(expires_at=soon)
        client.post(f"{action}draft/", {})
        assert Assignment.objects.get().expires_at > soon + timedelta(seconds=500)
        client.post(f"{action}draft/", {"precision": "A"})
        client.post(action, key | complete_answers())
        assert not Draft.objects.exists()
        assert client.post(f"{action}draft/", {"precision": "A"}).status_code == 409


class TestProgress:
    def test_counts_up_to_the_quota(self) -> None:
        study = make_study(pairs=4, redundancy=1, assignments_per_rater=3)
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        assert "<strong>1 of 3</strong>" in body(client, f"{link}work/")
        judge_one(client, link)
        page = body(client, f"{link}work/")
        assert "<strong>2 of 3</strong>" in page
        assert "about 1 minute left" in page
        judge_one(client, link)
        judge_one(client, link)
        assert client.get(f"{link}work/").headers["Location"] == f"{link}finish/"
        assert "look for more" not in body(client, f"{link}finish/")

    def test_without_a_quota_it_says_at_most(self) -> None:
        study = make_study(pairs=4)
        _, link = make_link(study)
        client = Client()
        enter(client, link)
        assert "<strong>1 of 4</strong> at most" in body(client, f"{link}work/")

    def test_a_rater_who_finished_may_look_for_more(self) -> None:
        study = make_study(pairs=1, redundancy=1)
        _, link = make_link(study)
        first, second = Client(), Client()
        enter(first, link)
        enter(second, link)
        open_form(first, link)
        second.post(f"{link}finish/")
        first.post(f"{link}finish/")
        assert "look for more" in body(second, f"{link}finish/")
        judge_one(second, link)
        assert Study.objects.get().slots.get().status == "filled"
