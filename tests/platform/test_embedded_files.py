"""Folders, sockets and locks of the embedded services."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from raterapp.embedded import locks, var_check
from raterapp.embedded.layout import MAX_SOCKET_PATH_BYTES, VarLayout, make_private
from raterapp.embedded.process import is_alive, start_time
from raterapp.embedded.secret import stored_secret_key
from raterapp.embedded.valkey import ValkeyServer
from raterapp.embedded.var_check import CannotStart, check_var
from raterapp.supervisor import leftovers
from raterapp.supervisor.logs import KEPT, rotate


def test_sockets_live_in_var_when_they_fit() -> None:
    assert VarLayout(Path("/srv/var")).socket_dir("valkey", "valkey.sock") == Path("/srv/var/run/valkey")


@pytest.mark.parametrize("root", ["/" + "d" * 120, "/srv/with space/var", "/srv/köln/var", "/srv/a,b"])
def test_other_sockets_live_in_a_short_folder_of_their_own(
    root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    folder = VarLayout(Path(root)).socket_dir("valkey", "valkey.sock")
    assert not str(folder).startswith(root)
    assert str(os.getuid()) in str(folder)
    assert len(os.fsencode(folder / "valkey.sock")) <= MAX_SOCKET_PATH_BYTES
    assert folder != VarLayout(Path(root + "x")).socket_dir("valkey", "valkey.sock")


def test_a_folder_that_somebody_else_could_write_to_is_refused(tmp_path: Path) -> None:
    layout = VarLayout(tmp_path / "var")
    squatted = tmp_path / "raterapp-0-abc"
    squatted.mkdir()
    squatted.chmod(0o777)
    with pytest.raises(PermissionError, match="not a private folder"):
        make_private(squatted / "valkey", layout)
    squatted.chmod(0o700)
    assert make_private(squatted / "valkey", layout).stat().st_mode & 0o077 == 0
    link = tmp_path / "link"
    link.symlink_to(squatted)
    with pytest.raises(PermissionError, match="not a private folder"):
        make_private(link / "valkey", layout)


def test_a_lock_names_its_holder_and_dies_with_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    script = (
        "import sys; from pathlib import Path; from raterapp.embedded.locks import HeldLock;"
        "lock = HeldLock(Path(sys.argv[1])); assert lock.take(); lock.describe('me');"
        "print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    ours = locks.HeldLock(path)
    assert not ours.take()
    assert ours.description() == "me"
    holder.kill()
    holder.communicate()
    assert ours.take()
    ours.release()
    assert ours.description() == ""


def test_only_the_last_use_ends_it(tmp_path: Path) -> None:
    first, second = locks.Use(tmp_path / "use"), locks.Use(tmp_path / "use")
    assert not locks.in_use(tmp_path / "use")
    first.begin()
    second.begin()
    assert locks.in_use(tmp_path / "use")
    assert not first.end()
    assert second.end()
    assert not second.end()


def test_a_process_is_known_by_pid_and_start() -> None:
    started_at = start_time(os.getpid())
    assert started_at is not None
    assert is_alive(os.getpid(), started_at)
    assert not is_alive(os.getpid(), started_at - 60)


def test_leftovers_are_found_by_record_and_by_marker_but_never_a_recycled_pid(tmp_path: Path) -> None:
    layout = VarLayout(tmp_path)
    layout.run.mkdir()
    recorded = subprocess.Popen(["sleep", "60"], start_new_session=True)
    marked = subprocess.Popen(
        ["sleep", "60"], start_new_session=True, env={"RATERAPP_SUPERVISED_VAR": str(tmp_path)}
    )
    innocent = subprocess.Popen(["sleep", "60"], start_new_session=True)
    kept = subprocess.Popen(
        ["sleep", "60"], start_new_session=True, env={"RATERAPP_SUPERVISED_VAR": str(tmp_path)}
    )
    try:
        for name, process, shift_s in (("web", recorded, 0.0), ("beat", innocent, -60.0)):
            record = {"name": name, "pid": process.pid, "started_at": start_time(process.pid) + shift_s}
            (layout.run / f"{name}.json").write_text(json.dumps(record))
        (layout.run / "light.json").write_text('{"name": "li')  # cut short by a crash
        assert leftovers.reap(layout, keep=frozenset({kept.pid})) == 2
        assert recorded.wait(1) != 0
        assert marked.wait(1) != 0
        assert innocent.poll() is None
        assert kept.poll() is None
        assert list(layout.run.glob("*.json")) == []
    finally:
        for process in (recorded, marked, innocent, kept):
            process.kill()
            process.wait()


def test_a_dump_that_valkey_cannot_read_is_set_aside(tmp_path: Path) -> None:
    server = ValkeyServer(VarLayout(tmp_path))
    server.prepare()
    assert not server.set_damaged_dump_aside()
    dump = tmp_path / "valkey" / "dump.rdb"
    dump.write_bytes(b"VALKEY080 and then nonsense")
    refused = subprocess.run(server.command(), capture_output=True, timeout=20, check=False)
    assert refused.returncode != 0
    assert server.set_damaged_dump_aside()
    assert not dump.exists()
    assert (tmp_path / "valkey" / "dump.rdb.damaged").exists()


def test_too_little_room_is_said_before_anything_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(var_check.shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 10**7, 10**7))
    with pytest.raises(CannotStart, match=r"has 9 MB free; at least 300 MB are needed"):
        check_var(tmp_path / "var")
    check_var(tmp_path / "var", min_free_bytes=0)


def test_a_full_disk_is_named() -> None:
    with (
        pytest.raises(OSError, match="No space left") as caught,
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"x")
    assert "is full" in var_check.explain(caught.value, Path("/srv/var"))


def test_the_last_logs_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    for start in range(KEPT + 3):
        rotate(path)
        path.write_text(f"start {start}")
    rotate(path)
    rotate(path)  # an empty or missing log pushes none out
    kept = {p.name: p.read_text() for p in tmp_path.iterdir()}
    assert kept == {f"web.log.{n}": f"start {KEPT + 3 - n}" for n in range(1, KEPT + 1)}


def test_the_secret_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    key = stored_secret_key(tmp_path)
    assert len(key) >= 50
    assert stored_secret_key(tmp_path) == key
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
    assert [p.name for p in tmp_path.iterdir()] == ["secret_key"]
