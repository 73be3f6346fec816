"""Prolific's webhooks: trusted only if signed and recent, counted once, and what they change."""

import base64
import hashlib
import hmac
import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from annotations.crowd.prolific.webhook import sign
from annotations.models import Assignment, AuditEvent, CrowdEvent, CrowdSession, Enrolment, Slot
from tests.crowd.people import ANN, BOB, CODES, address, agree, begin, code_on, judge, make_crowd_study
from tests.rater.test_journey import complete_answers, open_form

pytestmark = pytest.mark.django_db

URL = "/crowd/prolific/events/"
SECRET = "the workspace's secret"


@pytest.fixture(autouse=True)
def _secret(settings: Any) -> None:
    settings.PROLIFIC_WEBHOOK_SECRET = SECRET


def body_of(status: str, *, rater: str = ANN, session: str = "s1", **changes: Any) -> bytes:
    event = {
        "resource_id": session,
        "event_type": "submission.status.change",
        "participant_id": rater,
        "status": status,
    }
    return json.dumps(event | changes).encode()


def send(
    body: bytes,
    *,
    event_id: str = "e1",
    age_s: float = 0,
    secret: str = SECRET,
    sent_at: datetime | None = None,
    **headers: str,
) -> Any:
    """One delivery; a header that is given replaces the right one."""
    timestamp = str(int((timezone.now() - timedelta(seconds=age_s)).timestamp()))
    right = {
        "X-Prolific-Request-Timestamp": timestamp,
        "X-Prolific-Request-Signature": sign(secret, timestamp, body),
        "X-Event-ID": event_id,
        "X-Timestamp": str(int(sent_at.timestamp())) if sent_at else timestamp,
    }
    return Client(enforce_csrf_checks=True).post(
        URL, body, content_type="application/json", headers=right | headers
    )


def test_the_signature_is_the_documented_one() -> None:
    """By hand: base64 of HMAC-SHA256 over the timestamp and, right behind it, the body."""
    digest = hmac.new(b"key", b'1700000000{"a": 1}', hashlib.sha256).digest()
    assert sign("key", "1700000000", b'{"a": 1}') == base64.b64encode(digest).decode()
    assert sign("key", "1700000000", b'{"a": 1}') != sign("key", "1700000001", b'{"a": 1}')


class TestTrust:
    def refused(self, response: Any, status: int) -> None:
        assert response.status_code == status, response.content
        assert not CrowdEvent.objects.exists()

    def test_forged_or_unsigned(self) -> None:
        body = body_of("RETURNED")
        self.refused(send(body, secret="a guess"), 401)
        self.refused(send(body, **{"X-Prolific-Request-Signature": ""}), 401)
        self.refused(send(body, **{"X-Prolific-Request-Signature": "é"}), 401)
        self.refused(send(body, **{"X-Prolific-Request-Timestamp": "1"}), 401)
        timestamp = str(int(timezone.now().timestamp()))
        other = sign(SECRET, timestamp, body_of("APPROVED"))
        self.refused(
            send(body, **{"X-Prolific-Request-Timestamp": timestamp, "X-Prolific-Request-Signature": other}),
            401,
        )

    @pytest.mark.parametrize("age_s", [400, -400])
    def test_signed_too_long_ago_or_in_the_future(self, age_s: float) -> None:
        self.refused(send(body_of("RETURNED"), age_s=age_s), 401)

    @pytest.mark.parametrize("timestamp", ["", "soon", "-5", "1e9", "nan", "9" * 30])
    def test_a_signed_time_that_is_none(self, timestamp: str) -> None:
        body = body_of("RETURNED")
        self.refused(
            send(
                body,
                **{
                    "X-Prolific-Request-Timestamp": timestamp,
                    "X-Prolific-Request-Signature": sign(SECRET, timestamp, body),
                },
            ),
            401,
        )

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"[]",
            b"[" * 9000,
            b"{}",
            b"\xff",
            body_of(""),
            body_of("<b>"),
            body_of("RETURNED", resource_id=7),
            body_of("RETURNED", participant_id="a b"),
        ],
    )
    def test_signed_but_not_what_is_documented(self, body: bytes) -> None:
        self.refused(send(body), 400)

    def test_without_an_event_id(self) -> None:
        self.refused(send(body_of("RETURNED"), event_id=""), 400)

    def test_too_large(self) -> None:
        self.refused(send(body_of("RETURNED", padding="x" * 20_000)), 413)

    def test_only_posts_and_only_where_it_is_set_up(self, settings: Any) -> None:
        assert Client().get(URL).status_code == 405
        settings.PROLIFIC_WEBHOOK_SECRET = ""
        self.refused(send(body_of("RETURNED"), secret=""), 404)

    def test_many_from_one_address_are_throttled(self, settings: Any) -> None:
        cache.clear()
        settings.CROWD_WEBHOOK_RATE = "3/min"
        answers = [send(body_of("RETURNED"), secret="a guess") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
        assert int(answers[-1].headers["Retry-After"]) >= 1
        cache.clear()

    def test_nothing_secret_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level("DEBUG"):
            send(body_of("RETURNED"), event_id="e7")
            send(body_of("RETURNED"), secret="a guess")
        assert "crowd event" in caplog.text
        for secret in (SECRET, ANN, sign(SECRET, str(int(timezone.now().timestamp())), body_of("RETURNED"))):
            assert secret not in caplog.text

    def test_other_kinds_of_events_are_acknowledged(self) -> None:
        response = send(json.dumps({"event_type": "study.status.change", "resource_id": "x"}).encode())
        assert (response.status_code, response.json()) == (200, {"recorded": False})
        assert not CrowdEvent.objects.exists()


class TestOnce:
    def test_a_repeated_event_changes_nothing(self) -> None:
        _, link = make_crowd_study()
        begin(link)
        assert send(body_of("APPROVED")).json() == {"recorded": True}
        # Delivered again later, so signed again.
        again = send(body_of("APPROVED"), age_s=5)
        assert (again.status_code, again.json()) == (200, {"recorded": False})
        assert CrowdEvent.objects.count() == 1
        assert AuditEvent.objects.filter(action="crowd.status").count() == 1

    def test_a_copied_request_with_another_event_id_changes_nothing(self) -> None:
        timestamp = str(int(timezone.now().timestamp()))
        same = {"X-Prolific-Request-Timestamp": timestamp}
        same["X-Prolific-Request-Signature"] = sign(SECRET, timestamp, body_of("RETURNED"))
        assert send(body_of("RETURNED"), event_id="e1", **same).json() == {"recorded": True}
        assert send(body_of("RETURNED"), event_id="e2", **same).json() == {"recorded": False}

    def test_events_cannot_be_changed(self) -> None:
        send(body_of("RETURNED"))
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            CrowdEvent.objects.update(status="approved")


class TestEffect:
    def test_returned_opens_the_slot_at_once(self) -> None:
        _, link = make_crowd_study(pairs=1)
        ann = begin(link)
        action, key = open_form(ann, link)
        assert Slot.objects.get().status == "leased"
        send(body_of("RETURNED"))
        assert Slot.objects.get().status == "open"
        assert Assignment.objects.get().status == "returned"
        assert CrowdSession.objects.get().status == "returned"
        assert ann.post(action, key | complete_answers()).status_code == 409
        assert Enrolment.objects.get().status == "withdrawn"
        assert code_on(ann, f"{link}work/") == CODES["partial"]
        judge(begin(link, rater=BOB, session="s2"), link)

    def test_timed_out_opens_the_slot_and_a_late_answer_counts(self) -> None:
        _, link = make_crowd_study(pairs=1)
        ann = begin(link)
        action, key = open_form(ann, link)
        send(body_of("TIMED-OUT"))
        assert Slot.objects.get().status == "open"
        assert ann.post(action, key | complete_answers()).status_code == 302
        assert (Slot.objects.get().status, Assignment.objects.get().status) == ("filled", "submitted")
        assert code_on(ann, f"{link}work/") == CODES["partial"]

    def test_a_time_out_after_the_work_leaves_the_code(self) -> None:
        _, link = make_crowd_study(pairs=1)
        ann = begin(link)
        judge(ann, link)
        assert code_on(ann, f"{link}work/") == CODES["completed"]
        send(body_of("TIMED-OUT"))
        assert Enrolment.objects.get().status == "finished"
        assert code_on(ann, f"{link}finish/") == CODES["completed"]

    def test_other_statuses_are_noted_and_exclude_nobody(self) -> None:
        _, link = make_crowd_study(pairs=2)
        ann = begin(link)
        judge(ann, link)
        open_form(ann, link)
        for number, status in enumerate(("AWAITING REVIEW", "REJECTED", "APPROVED", "SOMETHING NEW")):
            send(body_of(status), event_id=f"e{number}")
        assert CrowdSession.objects.get().status == "something_new"
        enrolment = Enrolment.objects.get()
        assert (enrolment.status, enrolment.is_excluded) == ("active", False)
        assert Assignment.objects.filter(status="leased").count() == 1

    def test_an_older_event_never_overwrites_a_newer_one(self) -> None:
        _, link = make_crowd_study()
        ann = begin(link)
        open_form(ann, link)
        now = timezone.now()
        send(body_of("APPROVED"), event_id="e2", sent_at=now)
        send(body_of("TIMED-OUT"), event_id="e1", sent_at=now - timedelta(minutes=10))
        assert CrowdSession.objects.get().status == "approved"
        assert Assignment.objects.get().status == "leased"
        assert CrowdEvent.objects.count() == 2

    def test_an_event_of_a_session_that_was_replaced_takes_nothing(self) -> None:
        _, link = make_crowd_study()
        begin(link)
        laptop = Client()
        agree(laptop, address(link, session="s2"))
        open_form(laptop, link)
        send(body_of("TIMED-OUT", session="s1"))
        assert Assignment.objects.get().status == "leased"
        assert Enrolment.objects.get().status == "active"

    def test_a_new_session_lets_a_returned_rater_back(self) -> None:
        _, link = make_crowd_study(pairs=3)
        ann = begin(link)
        send(body_of("RETURNED"))
        # Not by the session that was returned.
        agree(Client(), address(link))
        assert Enrolment.objects.get().status == "withdrawn"
        agree(ann, address(link, session="s2"))
        assert Enrolment.objects.get().status == "active"
        judge(ann, link)

    def test_an_event_that_comes_before_the_rater_agrees(self) -> None:
        _, link = make_crowd_study()
        send(body_of("RETURNED"))
        begin(link)
        assert CrowdSession.objects.get().status == "returned"
        assert Enrolment.objects.get().status == "withdrawn"

    def test_an_event_about_somebody_else_changes_nothing(self) -> None:
        _, link = make_crowd_study()
        open_form(begin(link), link)
        send(body_of("RETURNED", rater=BOB))
        send(body_of("RETURNED", session="s9"), event_id="e2")
        assert Assignment.objects.get().status == "leased"


@pytest.mark.django_db(transaction=True)
def test_the_same_event_delivered_many_times_at_once_counts_once() -> None:
    _, link = make_crowd_study(pairs=1)
    open_form(begin(link), link)
    answers: list[bool] = []

    def deliver() -> None:
        try:
            answers.append(send(body_of("RETURNED")).json()["recorded"])
        finally:
            connection.close()

    threads = [threading.Thread(target=deliver) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 5 + [True]
    assert CrowdEvent.objects.count() == 1
    assert Slot.objects.get().status == "open"
    assert datetime.now(UTC) >= CrowdEvent.objects.get().received_at
