"""What happens to a run from its creation to its end."""

import os
import socket
import subprocess
import sys
from datetime import timedelta

import psutil
import pytest
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError
from pydantic import ValidationError

from annotations.models import Artifact, Run
from annotations.runs import dispatch, leases, storage, workers
from annotations.runs.execution import execute
from annotations.runs.registry import UnknownRunKindError
from annotations.services.runs import RunFailedError, cancel_run, create_run, execute_inline, retry_run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(monkeypatch):
    """The messages that would go to the broker."""
    messages = []
    monkeypatch.setattr(
        dispatch.current_app, "send_task", lambda name, args, queue, **_: messages.append((args[0], queue))
    )
    return messages


def test_a_run_is_sent_after_commit_and_records_all_it_did(sent):
    with transaction.atomic():
        run = create_run(kind="t_echo", config={"text": "hello"})
        assert sent == []
    assert sent == [(run.pk, "light")]

    assert execute(run_id=run.pk) == "succeeded"

    run.refresh_from_db()
    assert (run.result, run.step, run.total_steps) == ({"length": 5}, 3, 3)
    assert [event.data for event in run.events.filter(level="metrics").order_by("step")] == [
        {"loss": 1.0},
        {"loss": 0.5},
        {"loss": pytest.approx(1 / 3)},
    ]
    artifact = run.artifacts.get()
    assert (storage.open_folder(artifact.sha256, artifact.files) / "text.txt").read_text() == "hello"


def test_the_same_contents_have_the_same_address_and_a_missing_file_is_noticed(sent):
    runs = [execute_inline(run=create_run(kind="t_echo", config={"text": "same"})) for _ in range(2)]
    first, second = (run.artifacts.get() for run in runs)
    assert first.sha256 == second.sha256
    (storage.open_folder(first.sha256, first.files) / "text.txt").unlink()
    with pytest.raises(storage.ArtifactDamagedError, match=r"text\.txt of artifact"):
        storage.open_folder(second.sha256, second.files)


def test_a_second_delivery_of_the_same_message_does_nothing(sent):
    run = create_run(kind="t_echo", config={"text": "once"})
    execute(run_id=run.pk)
    execute(run_id=run.pk)
    run.refresh_from_db()
    assert (run.attempts, run.artifacts.count()) == (1, 1)


def test_a_run_held_by_a_live_worker_is_not_taken(sent):
    run = create_run(kind="t_echo", config={"text": "x"})
    assert leases.claim_run(run_id=run.pk, worker="first") == 1
    assert leases.claim_run(run_id=run.pk, worker="second") is None


def test_a_stale_worker_writes_nothing(sent):
    run = create_run(kind="t_lose", config={"text": "x"})
    execute(run_id=run.pk)
    run.refresh_from_db()
    assert run.status == "running"
    assert not Artifact.objects.exists()


def test_inputs_start_a_run_when_all_have_succeeded(sent):
    left, right = (create_run(kind="t_echo", config={"text": text}) for text in "ab")
    joined = create_run(kind="t_join", config={"text": ""}, inputs={"left": left, "right": right})
    execute(run_id=left.pk)
    joined.refresh_from_db()
    assert joined.status == "waiting"
    execute(run_id=right.pk)
    joined.refresh_from_db()
    assert joined.status == "queued"
    assert sent[-1] == (joined.pk, "light")
    execute(run_id=joined.pk)
    joined.refresh_from_db()
    assert joined.result == {"joined": "a+b"}


def test_a_run_whose_input_failed_is_cancelled_with_the_reason(sent):
    left = create_run(kind="t_fail", config={"text": ""})
    right = create_run(kind="t_echo", config={"text": "b"})
    joined = create_run(kind="t_join", config={"text": ""}, inputs={"left": left, "right": right})
    execute(run_id=left.pk)
    joined.refresh_from_db()
    left.refresh_from_db()
    assert (left.status, left.error) == ("failed", "ValueError: it went wrong")
    assert "Traceback" in left.events.get().data["traceback"]
    assert (joined.status, joined.error) == ("cancelled", "not started: a run it needs did not succeed")


def test_cancelling(sent):
    queued = create_run(kind="t_echo", config={"text": ""})
    cancel_run(run_id=queued.pk)
    assert execute(run_id=queued.pk) == "cancelled"
    running = create_run(kind="t_cancel", config={"text": ""})
    assert execute(run_id=running.pk) == "cancelled"
    running.refresh_from_db()
    assert running.result == {}


def test_retry_starts_a_failed_run_again_and_refuses_others(sent):
    run = create_run(kind="t_fail", config={"text": ""})
    execute(run_id=run.pk)
    retry_run(run_id=run.pk)
    run.refresh_from_db()
    assert run.status == "queued"
    with pytest.raises(ValueError, match="is queued"):
        retry_run(run_id=run.pk)


def test_the_sweeper_requeues_what_a_dead_worker_left_and_gives_up_in_the_end(sent):
    run = create_run(kind="t_echo", config={"text": ""})
    for attempt in range(1, dispatch.MAX_ATTEMPTS + 1):
        assert leases.claim_run(run_id=run.pk, worker="dies") == attempt
        Run.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        dispatch.sweep()
    run.refresh_from_db()
    assert (run.status, run.error) == ("failed", "its worker died 5 times")


def test_a_run_of_a_worker_known_to_be_dead_is_requeued_at_once(sent):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        name = workers.worker_name().replace(f":{os.getpid()}:", f":{process.pid}:")
        run = create_run(kind="t_echo", config={"text": ""})
        leases.claim_run(run_id=run.pk, worker=f"{name.rpartition(':')[0]}:{_start(process.pid)}")
        assert dispatch.sweep()["requeued"] == 0
        process.kill()
    assert dispatch.sweep()["requeued"] == 1


@pytest.mark.parametrize(
    ("name", "dead"),
    [("elsewhere:1:1.00", False), ("", False), (f"{socket.gethostname()}:{os.getpid()}:1.00", True)],
)
def test_only_a_process_of_this_host_can_be_known_to_be_dead(name, dead):
    assert workers.is_dead(name) is dead
    assert not workers.is_dead(workers.worker_name())


def _start(pid):
    return f"{psutil.Process(pid).create_time():.2f}"


def test_the_sweeper_sends_a_lost_message_again_but_not_a_fresh_one(sent):
    run = create_run(kind="t_echo", config={"text": ""})
    sent.clear()
    assert dispatch.sweep()["redispatched"] == 0
    Run.objects.filter(pk=run.pk).update(queued_at=timezone.now() - timedelta(hours=1))
    assert dispatch.sweep()["redispatched"] == 1
    assert sent == [(run.pk, "light")]


def test_a_broker_out_of_reach_loses_nothing(monkeypatch, sent):
    def refuse(*args, **options):
        raise OperationalError("connection refused")

    with monkeypatch.context() as outage:
        outage.setattr(dispatch.current_app, "send_task", refuse)
        run = create_run(kind="t_echo", config={"text": ""})
    assert sent == []
    assert dispatch.sweep()["redispatched"] == 1
    assert sent == [(run.pk, "light")]


def test_a_renewed_lease_is_refused_to_an_old_fence(sent):
    run = create_run(kind="t_echo", config={"text": ""})
    leases.claim_run(run_id=run.pk, worker="first")
    leases.renew_lease(run_id=run.pk, fence=1)
    with pytest.raises(leases.LeaseLostError, match="fence 0"):
        leases.renew_lease(run_id=run.pk, fence=0)


def test_bad_input_is_refused_before_anything_is_written(sent):
    with pytest.raises(UnknownRunKindError, match="there is no run kind 'nothing'"):
        create_run(kind="nothing", config={})
    with pytest.raises(ValidationError, match="text"):
        create_run(kind="t_echo", config={})
    with pytest.raises(ValueError, match="needs the inputs right"):
        create_run(
            kind="t_join",
            config={"text": ""},
            inputs={"left": create_run(kind="t_echo", config={"text": ""})},
        )
    assert Run.objects.filter(kind="t_join").count() == 0


def test_inline_execution_says_why_it_failed(sent):
    with pytest.raises(RunFailedError, match="it went wrong"):
        execute_inline(run=create_run(kind="t_fail", config={"text": ""}, dispatched=False))


@pytest.mark.parametrize("status", ["queued", "cancelling"])
def test_a_run_cancelled_between_attempts_leaves_no_state_behind(sent, status):
    run = create_run(kind="t_echo", config={"text": "big"})
    state = storage.scratch_folder(run.pk) / "state"
    state.mkdir(parents=True)
    if status == "queued":
        cancel_run(run_id=run.pk)
    else:
        past = timezone.now() - timedelta(seconds=1)
        Run.objects.filter(pk=run.pk).update(status=status, lease_expires_at=past, worker="elsewhere:1:0")
        dispatch.sweep()
    run.refresh_from_db()
    assert run.status == "cancelled"
    assert not storage.scratch_folder(run.pk).exists()


def test_a_full_disk_leaves_no_half_artifact(settings, tmp_path, monkeypatch):
    settings.ARTIFACTS_URL = str(tmp_path / "store")
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "weights").write_text("w")

    def full(source, target):
        target.mkdir(parents=True)
        (target / "weights").write_text("")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.shutil, "copytree", full)
    with pytest.raises(OSError, match="No space left"):
        storage.store_folder(tmp_path / "made")
    assert not [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
