"""`reconcile_crowd` puts right what webhooks missed, and nothing else."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from annotations.models import Assignment, AuditEvent, CrowdSession, Enrolment, Slot
from tests.crowd.people import ANN, BOB, STUDY_THERE, begin, make_crowd_study
from tests.crowd.prolific_server import TOKEN, FakeProlific, Fault, running
from tests.rater.test_journey import open_form
from tests.rater.world import make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def fake(settings: Any) -> Iterator[FakeProlific]:
    with running() as server:
        settings.PROLIFIC_API_URL = server.url
        settings.PROLIFIC_API_TOKEN = TOKEN
        settings.CROWD_API_ALLOW_PRIVATE = True
        yield server


def run(*arguments: str) -> str:
    output = io.StringIO()
    call_command("reconcile_crowd", "first", *arguments, stdout=output)
    return output.getvalue()


def report(*arguments: str) -> dict[str, Any]:
    (one,) = json.loads(run("--json", *arguments))["platform_studies"]
    return one


def two_at_work(fake: FakeProlific) -> None:
    _, link = make_crowd_study(pairs=4)
    for rater, session in ((ANN, "s1"), (BOB, "s2")):
        open_form(begin(link, rater=rater, session=session), link)
        fake.submit(STUDY_THERE, session, rater, "ACTIVE")
    report()


def test_a_missed_return_frees_the_slot_once(fake: FakeProlific) -> None:
    two_at_work(fake)
    fake.submit(STUDY_THERE, "s1", ANN, "RETURNED")
    fake.submit(STUDY_THERE, "s3", "carol", "TIMED-OUT")
    found = report()
    assert found == {
        "platform_study": STUDY_THERE,
        "error": "",
        "submissions": 3,
        "slots_freed": 1,
        "agreed": 1,
        "changed": [{"submission": "s1", "from": "active", "to": "returned"}],
        "never_entered": {"timed_out": 1},
        "unknown_to_platform": [],
    }
    assert Assignment.objects.get(enrolment__rater__external_id=ANN).status == "returned"
    assert Assignment.objects.get(enrolment__rater__external_id=BOB).status == "leased"
    assert Slot.objects.filter(status="leased").count() == 1
    assert AuditEvent.objects.filter(action="crowd.status", data__source="reconciliation").count() == 3
    again = report()
    assert (again["changed"], again["agreed"], again["slots_freed"]) == ([], 2, 0)


def test_a_dry_run_changes_nothing(fake: FakeProlific) -> None:
    two_at_work(fake)
    fake.submit(STUDY_THERE, "s1", ANN, "RETURNED")
    text = run("--dry-run")
    assert "2 submissions, 1 agree, 1 would change, 0 slots freed" in text
    assert "s1: active -> returned" in text
    assert Assignment.objects.filter(status="leased").count() == 2
    assert set(CrowdSession.objects.values_list("status", flat=True)) == {"active"}


def test_a_submission_under_an_id_that_never_came_here_is_noted_and_takes_nothing(fake: FakeProlific) -> None:
    two_at_work(fake)
    fake.submit(STUDY_THERE, "older", ANN, "RETURNED")
    assert report()["changed"] == [{"submission": "older", "from": "unknown", "to": "returned"}]
    assert CrowdSession.objects.get(external_id="older").status == "returned"
    assert Assignment.objects.filter(status="leased").count() == 2
    assert Enrolment.objects.filter(status="active").count() == 2


def test_a_session_that_the_platform_does_not_know_is_reported(fake: FakeProlific) -> None:
    two_at_work(fake)
    CrowdSession.objects.filter(external_id="s2").update(last_entered_at=timezone.now() - timedelta(hours=1))
    fake.studies[STUDY_THERE] = [row for row in fake.studies[STUDY_THERE] if row["id"] != "s2"]
    assert report()["unknown_to_platform"] == ["s2"]
    assert Assignment.objects.filter(status="leased").count() == 2


def test_a_webhook_sent_after_the_list_was_asked_for_stays(fake: FakeProlific) -> None:
    two_at_work(fake)
    CrowdSession.objects.filter(external_id="s1").update(
        status="approved", status_at=timezone.now() + timedelta(minutes=1)
    )
    run()
    assert CrowdSession.objects.get(external_id="s1").status == "approved"


def test_a_bad_moment_is_waited_out(fake: FakeProlific) -> None:
    two_at_work(fake)
    fake.faults.append(Fault(429, {"Retry-After": "0"}))
    assert report()["agreed"] == 2


def test_half_a_list_changes_nothing(fake: FakeProlific) -> None:
    two_at_work(fake)
    fake.submit(STUDY_THERE, "s1", ANN, "RETURNED")
    fake.submit(STUDY_THERE, "s3", "carol", "ACTIVE")
    fake.studies[STUDY_THERE][-1]["status"] = None
    fake.page_size = 1
    with pytest.raises(CommandError, match="status is missing"):
        run()
    assert Assignment.objects.filter(status="leased").count() == 2


def test_a_made_up_study_id_does_not_stop_the_others(fake: FakeProlific) -> None:
    two_at_work(fake)
    CrowdSession.objects.filter(external_id="s2").update(external_study_id="made-up")
    fake.submit(STUDY_THERE, "s1", ANN, "RETURNED")
    with pytest.raises(CommandError, match=r"made-up.*no such study"):
        run()
    assert CrowdSession.objects.get(external_id="s1").status == "returned"


def test_what_is_missing_is_said(fake: FakeProlific, settings: Any) -> None:
    make_crowd_study()
    with pytest.raises(CommandError, match="name it with --platform-study"):
        run()
    fake.submit("st", "s1", ANN, "ACTIVE")
    assert report("--platform-study", "st")["never_entered"] == {"active": 1}
    settings.PROLIFIC_API_TOKEN = "wrong"
    with pytest.raises(CommandError, match="PROLIFIC_API_TOKEN"):
        run("--platform-study", "st")
    settings.PROLIFIC_API_TOKEN = ""
    with pytest.raises(CommandError, match="PROLIFIC_API_TOKEN is not set"):
        run()
    with pytest.raises(CommandError, match="there is no study 'nothing'"):
        call_command("reconcile_crowd", "nothing")


def test_a_study_without_a_platform_has_nobody_to_ask(fake: FakeProlific) -> None:
    make_study()
    with pytest.raises(CommandError, match="from no platform"):
        run()


def test_without_the_development_setting_a_private_server_is_not_asked(
    fake: FakeProlific, settings: Any
) -> None:
    two_at_work(fake)
    asked = len(fake.requests)
    settings.CROWD_API_ALLOW_PRIVATE = False
    with pytest.raises(CommandError, match=r"not asked: .* by https"):
        run()
    assert len(fake.requests) == asked
