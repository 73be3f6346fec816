import pytest

from annotations.runs import registry
from tests.runs.executors import EchoConfig

KINDS = [
    registry.RunKind("t_echo", "Echo", EchoConfig, "tests.runs.executors:echo"),
    registry.RunKind("t_join", "Join", EchoConfig, "tests.runs.executors:join", needs=("left", "right")),
    registry.RunKind("t_fail", "Fail", EchoConfig, "tests.runs.executors:fail"),
    registry.RunKind("t_lose", "Lose", EchoConfig, "tests.runs.executors:lose_lease"),
    registry.RunKind("t_cancel", "Cancel", EchoConfig, "tests.runs.executors:cancel_itself"),
]


@pytest.fixture(autouse=True)
def _kinds_and_store(monkeypatch, settings, tmp_path):
    monkeypatch.setattr(registry, "_kinds", {kind.kind: kind for kind in KINDS})
    settings.ARTIFACTS_URL = str(tmp_path / "artifacts")
    settings.SCRATCH_DIR = tmp_path / "scratch"
