"""Asking Prolific: pages, faults and where requests may go, against a real local server."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from annotations.crowd.address_guard import AddressRefusedError, check_address
from annotations.crowd.prolific.submissions import ProlificApi, ProlificError, Submission
from tests.crowd.prolific_server import TOKEN, FakeProlific, Fault, running


@pytest.fixture
def fake() -> Iterator[FakeProlific]:
    with running() as server:
        for number in range(5):
            server.submit("st", f"s{number}", f"p{number}", "AWAITING REVIEW")
        yield server


def ask(fake: FakeProlific, study: str = "st", *, token: str = TOKEN) -> tuple[list[Submission], list[float]]:
    """The submissions and the waits between attempts."""
    waits: list[float] = []
    timeout = httpx.Timeout(0.3)
    with ProlificApi(
        base_url=fake.url, token=token, allow_private=True, timeout=timeout, wait=waits.append
    ) as api:
        return list(api.submissions(study)), waits


def refusal(fake: FakeProlific, study: str = "st", *, token: str = TOKEN) -> str:
    with pytest.raises(ProlificError) as caught:
        ask(fake, study, token=token)
    assert TOKEN not in str(caught.value)
    return str(caught.value)


def test_every_page_is_read(fake: FakeProlific) -> None:
    found, waits = ask(fake)
    assert found == [Submission(f"s{n}", f"p{n}", "awaiting_review") for n in range(5)]
    assert (len(fake.requests), waits) == (3, [])


@pytest.mark.parametrize(
    ("fault", "wait_s"),
    [
        (Fault(429, {"Retry-After": "7"}), 7),
        (Fault(429, {"Retry-After": "99999"}), 60),
        (Fault(429, {"Retry-After": "later"}), 1),
        (Fault(503), 1),
        (Fault(500), 1),
        (Fault(hang=True), 1),
    ],
)
def test_a_bad_moment_is_waited_out(fake: FakeProlific, fault: Fault, wait_s: float) -> None:
    fake.faults.append(fault)
    found, waits = ask(fake)
    assert len(found) == 5
    assert waits == [wait_s]


def test_retry_after_may_be_a_date(fake: FakeProlific) -> None:
    until = datetime.now(UTC) + timedelta(seconds=30)
    fake.faults.append(Fault(429, {"Retry-After": format_datetime(until, usegmt=True)}))
    _, waits = ask(fake)
    assert 20 <= waits[0] <= 30


def test_waits_grow_and_end(fake: FakeProlific) -> None:
    fake.faults = [Fault(500) for _ in range(5)]
    waits: list[float] = []
    with (
        pytest.raises(ProlificError, match="answered 500, 5 times"),
        ProlificApi(base_url=fake.url, token=TOKEN, allow_private=True, wait=waits.append) as api,
    ):
        list(api.submissions("st"))
    assert waits == [1, 2, 4, 8]
    assert len(fake.requests) == 5


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>", "is not JSON"),
        (b"", "is not JSON"),
        (b"[]", "is not an object"),
        (b"{}", "no list of results"),
        (b'{"results": [3]}', "result 1: is not an object"),
        (b'{"results": [{"id": "a", "participant_id": "b"}]}', "result 1: status is missing"),
        (b'{"results": [{"id": "../a", "participant_id": "b", "status": "ACTIVE"}]}', "id is missing"),
        (b'{"results": [], "_links": {"next": {"href": 5}}}', "link to the next page is no address"),
    ],
)
def test_an_answer_that_is_not_documented_is_named(fake: FakeProlific, body: bytes, message: str) -> None:
    fake.faults.append(Fault(body=body))
    assert message in refusal(fake)


def test_what_no_repeating_helps_is_said_at_once(fake: FakeProlific) -> None:
    assert "PROLIFIC_API_TOKEN" in refusal(fake, token="wrong")
    assert "knows no such study" in refusal(fake, "unknown")
    assert len(fake.requests) == 2
    assert "not the id of a study" in refusal(fake, "../../users/me")
    assert len(fake.requests) == 2


def test_redirects_and_other_hosts_are_not_followed(fake: FakeProlific) -> None:
    fake.faults.append(Fault(302, {"Location": "http://169.254.169.254/latest/"}))
    assert "answered 302" in refusal(fake)
    fake.next_host = "http://169.254.169.254"
    assert "169.254.169.254 is not the configured host" in refusal(fake)


def test_pages_that_never_end(fake: FakeProlific) -> None:
    link = f"{fake.url}/api/v1/studies/st/submissions/"
    fake.faults = [Fault(body=b'{"results": [], "_links": {"next": {"href": "%s"}}}' % link.encode())]
    assert "never end" in refusal(fake)


class TestAddressGuard:
    BASE = "https://api.prolific.com"

    def refused(self, url: str, base: str = BASE, **options: bool) -> str:
        with pytest.raises(AddressRefusedError) as caught:
            check_address(url, base_url=base, **options)
        return str(caught.value)

    def resolve_to(self, monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    def test_a_public_address_of_the_configured_host_passes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.resolve_to(monkeypatch, "104.18.0.1")
        check_address(f"{self.BASE}/api/v1/", base_url=self.BASE)

    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1",
            "10.0.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
        ],
    )
    def test_a_name_of_a_private_address_does_not(
        self, monkeypatch: pytest.MonkeyPatch, address: str
    ) -> None:
        self.resolve_to(monkeypatch, "104.18.0.1", address)
        assert "private network" in self.refused(self.BASE)

    def test_other_hosts_ports_schemes_and_users(self) -> None:
        assert "not the configured host" in self.refused("https://api.prolific.com.evil.example/")
        assert "not the configured host" in self.refused("https://api.prolific.com:444/")
        assert "not the configured host" in self.refused("http://api.prolific.com/")
        assert "user name" in self.refused("https://api.prolific.com@evil.example/")
        assert "http or https" in self.refused("file:///etc/passwd")
        assert "by https" in self.refused("http://a.example/", base="http://a.example")
        # Even in development the host must be the configured one.
        assert "configured host" in self.refused("http://10.0.0.1/", "http://10.0.0.2", allow_private=True)

    def test_a_name_that_cannot_be_resolved(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise socket.gaierror(-2, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", fail)
        assert "cannot be resolved" in self.refused(self.BASE)
