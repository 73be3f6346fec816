"""What `up` says at the end of a start, and how often a child that fails is started again."""

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from raterapp.embedded.layout import VarLayout
from raterapp.supervisor import first_start
from raterapp.supervisor.child import BACKOFF_S, Child, ChildSpec
from raterapp.supervisor.plan import UpOptions, web_url

MADE = {
    "rater_url": "http://127.0.0.1:8123/rate/a-token/",
    "admin_url": "http://127.0.0.1:8123/admin/",
    "results_url": "http://127.0.0.1:8123/results",
    "username": "admin",
    "password": "made-once",
}


class Said:
    """Stands where the supervisor stands: records what is said and which commands are run."""

    def __init__(self, tmp_path: Path, output: str, code: int = 0, with_demo: bool = True) -> None:
        self.options = UpOptions(port=8123, with_demo=with_demo)
        self.layout = VarLayout(tmp_path)
        self.lines: list[str] = []
        self.commands: list[tuple[str, ...]] = []
        self._answer = (code, output)

    def say(self, text: str) -> None:
        self.lines.append(text)

    def step(self, name: str, *arguments: str) -> tuple[int, str]:
        self.commands.append(arguments)
        return self._answer


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    return lambda is_missing: monkeypatch.setattr(first_start, "_demo_is_missing", lambda mark: is_missing)


def test_the_first_start_shows_the_credentials_it_made(tmp_path: Path, missing: Callable) -> None:
    missing(True)
    said = Said(tmp_path, "loading ...\n" + json.dumps(MADE))
    first_start.greet(said)
    text = "\n".join(said.lines)
    assert said.commands == [("load_demo", "--json", "--base-url", "http://127.0.0.1:8123/")]
    assert "http://127.0.0.1:8123/rate/a-token/" in text
    assert "http://127.0.0.1:8123/results" in text
    assert "admin / made-once" in text
    assert said.lines[-1] == "Ctrl-C stops everything."


def test_a_later_start_shows_no_credentials_but_how_to_make_new_ones(
    tmp_path: Path, missing: Callable
) -> None:
    missing(False)
    said = Said(tmp_path, "")
    first_start.greet(said)
    assert said.commands == []
    assert "changepassword" in "\n".join(said.lines)


def test_a_start_after_one_that_was_killed_while_loading_shows_new_credentials(
    tmp_path: Path, missing: Callable
) -> None:
    missing(True)
    first_start.greet(Said(tmp_path, "", code=-9))
    assert (tmp_path / "demo.loading").exists()
    said = Said(tmp_path, json.dumps(MADE))
    first_start.greet(said)
    assert said.commands[0][-1] == "--new-secrets"
    assert not (tmp_path / "demo.loading").exists()


def test_without_demo_nothing_is_loaded(tmp_path: Path, missing: Callable) -> None:
    missing(True)
    said = Said(tmp_path, "", with_demo=False)
    first_start.greet(said)
    assert said.commands == []


@pytest.mark.parametrize(("output", "code"), [("", 1), ("not json", 0), ("", 0)])
def test_a_demo_that_fails_leaves_the_rest_running(
    tmp_path: Path, missing: Callable, output: str, code: int
) -> None:
    missing(True)
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "load_demo.log").write_text("CommandError: items.csv row 3: no title\n")
    said = Said(tmp_path, output, code)
    first_start.greet(said)
    assert "items.csv row 3: no title" in said.lines[1]
    assert said.lines[-1] == "Ctrl-C stops everything."


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/"),
        ("0.0.0.0", "http://127.0.0.1:8000/"),
        ("::1", "http://[::1]:8000/"),
        ("studies.local", "http://studies.local:8000/"),
    ],
)
def test_the_printed_address_can_be_opened(host: str, url: str) -> None:
    assert web_url(UpOptions(host=host)) == url


def test_a_child_that_keeps_failing_is_started_ever_later(tmp_path: Path) -> None:
    spec = ChildSpec(
        name="failing",
        command=lambda: [sys.executable, "-c", "raise SystemExit(3)"],
        popen_options={"start_new_session": True},
        stop=(),
        death_signal=signal.SIGKILL,
    )
    child = Child(spec, tmp_path / "failing.log", tmp_path / "failing.json")
    delays = []
    for _ in range(len(BACKOFF_S) + 2):
        child.start()
        assert json.loads((tmp_path / "failing.json").read_text())["pid"] == child.process.pid
        child._popen.wait()
        assert child.has_ended()
        assert child.exit_text == "exit 3"
        child.clear()
        delays.append(child.plan_restart())
    assert delays == [*BACKOFF_S, BACKOFF_S[-1], BACKOFF_S[-1]]
    assert not (tmp_path / "failing.json").exists()
