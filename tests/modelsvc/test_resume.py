"""A run whose process dies goes on when the sweeper has found it, and ends as if nothing had happened."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from annotations.models import Endorsement, PreferenceLabel, Profile, Run, RunEvent
from annotations.runs.execution import execute
from modelsvc.core.endorser import training
from modelsvc.models import Policy
from tests.modelsvc.world import ENDORSER, GENERATE, LABELS, TEACHER, World, undone

pytestmark = pytest.mark.django_db


def profiles_of(run: Run) -> Any:
    rows = Profile.objects.filter(run=run, is_current=True).values_list(
        "viewer__external_id", "attributes__position", "attributes__text", "attributes__evidence"
    )
    return sorted(rows)


def texts_of(run: Run) -> Any:
    rows = Endorsement.objects.filter(run=run).values_list(
        "system__name", "item__external_id", "viewer__external_id", "sample", "text"
    )
    return sorted(rows)


def labels_of(run: Run) -> Any:
    rows = PreferenceLabel.objects.filter(run=run).values_list(
        "criterion", "endorsement_id", "other_id", "value"
    )
    return sorted(rows, key=repr)


def weights_of(run: Run) -> Any:
    return run.artifacts.get().sha256


def without_times(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if not name.endswith("_s")}


CASES = [
    pytest.param("profiles", {}, profiles_of, "progress", 10, id="profiles, half way"),
    pytest.param("profiles", {}, profiles_of, "log", 1, id="profiles, all written"),
    pytest.param("teacher_endorsements", TEACHER, texts_of, "progress", 10, id="teacher, half way"),
    pytest.param("teacher_endorsements", TEACHER, texts_of, "sample", 3, id="teacher, before writing"),
    pytest.param("ai_labels", LABELS, labels_of, "progress", 6, id="labels, half way"),
    pytest.param("generate", GENERATE, texts_of, "progress", 3, id="generate, second of three batches"),
    pytest.param("generate", GENERATE, texts_of, "sample", 3, id="generate, all written"),
    pytest.param("endorser", ENDORSER, weights_of, "progress", 3, id="endorser, in stage 1"),
    pytest.param("endorser", ENDORSER, weights_of, "progress", 7, id="endorser, in stage 2"),
    pytest.param("endorser", ENDORSER, weights_of, "commit_artifact", 1, id="endorser, trained"),
]


@pytest.mark.parametrize(("kind", "config", "written", "method", "call"), CASES)
def test_killed_and_resumed_is_the_same_as_never_killed(
    world: World,
    kind: str,
    config: dict[str, Any],
    written: Callable[[Run], Any],
    method: str,
    call: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for stage in ("STAGE_1", "STAGE_2"):
        often = getattr(training, stage).model_copy(update={"checkpoint_every": 2})
        monkeypatch.setattr(training, stage, often)
    inputs = {"policy": world.sft} if kind == "generate" else {}
    Profile.objects.filter(viewer__catalogue=world.catalogue).update(is_current=kind != "profiles")

    with undone():
        whole = world.executed(kind, config, **inputs)
        assert whole.status == "succeeded", whole.error
        expected = written(whole), without_times(whole.result)
    assert expected[0]

    resumed = world.killed_and_resumed(kind, config, method=method, call=call, **inputs)
    assert resumed.status == "succeeded", resumed.error
    assert (written(resumed), without_times(resumed.result)) == expected


def test_a_resumed_training_does_not_repeat_the_steps_of_its_checkpoint(world, monkeypatch):
    for stage in ("STAGE_1", "STAGE_2"):
        often = getattr(training, stage).model_copy(update={"checkpoint_every": 2})
        monkeypatch.setattr(training, stage, often)
    # Progress is told once before the steps: this is the third step of stage 2, after a checkpoint at 2.
    run = world.killed_and_resumed("endorser", ENDORSER, method="progress", call=1 + 3 + 3)
    steps = list(
        RunEvent.objects.filter(run=run, level="metrics").order_by("pk").values_list("fence", "step")
    )
    assert steps == [(1, step) for step in (1, 2, 3, 4, 5, 6)] + [(2, 6), (2, 7)]


def test_a_resumed_generation_leaves_the_texts_it_had_written(world):
    run = world.killed_and_resumed("generate", GENERATE, method="progress", call=3, policy=world.sft)
    assert run.result["endorsements"] == 12
    assert run.result["there_before"] == 0
    samples = RunEvent.objects.filter(run=run, level="sample").order_by("pk").values_list("fence", flat=True)
    assert list(samples) == [1, 1, 2]
    assert Policy.objects.get(system__name="sampled").artifact == world.sft.artifacts.get()


def test_a_second_run_writes_only_what_the_first_left_out(world):
    first = world.executed("generate", {**GENERATE, "limit": 5}, policy=world.sft)
    second = world.executed("generate", GENERATE, policy=world.sft)
    assert (first.result["endorsements"], first.result["there_before"]) == (5, 0)
    assert (second.result["endorsements"], second.result["there_before"]) == (7, 5)


def test_the_teacher_writes_only_for_pairs_without_a_text(world):
    first = world.executed("teacher_endorsements", {"system": "again", "splits": ["test"]})
    second = world.executed("teacher_endorsements", {"system": "again"})
    wanted = Endorsement.objects.filter(system__name="teacher").count()
    assert first.result["endorsements"] == second.result["there_before"] == 6
    assert second.result["endorsements"] == wanted - 6


def test_a_state_that_does_not_fit_is_left_for_a_new_start(world, settings):
    run = world.new_run("endorser", ENDORSER)
    state = settings.SCRATCH_DIR / "runs" / str(run.pk) / "stage_2"
    state.mkdir(parents=True)
    (state / "state.json").write_text('{"fingerprint": "of another run", "step": 4}')
    save_file({"weight/none": torch.zeros(1)}, state / "state.safetensors")
    execute(run_id=run.pk)
    run.refresh_from_db()
    assert run.status == "succeeded", run.error
    warning = RunEvent.objects.get(run=run, level="warning").message
    assert "state of another run" in warning
    assert warning.endswith("deleted, training starts anew")
