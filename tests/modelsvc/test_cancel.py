"""A run that is cancelled stops at its next step and leaves nothing behind."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from annotations.models import Artifact, Endorsement, PreferenceLabel, Profile
from annotations.runs.context import RunContext
from annotations.runs.execution import execute
from annotations.services.runs import cancel_run
from tests.modelsvc.world import ENDORSER, GENERATE, LABELS, TEACHER, World, at_call

pytestmark = pytest.mark.django_db


def cancel(context: RunContext) -> None:
    cancel_run(run_id=context.run_id)


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("profiles", {"replace": True}),
        ("teacher_endorsements", TEACHER),
        ("ai_labels", LABELS),
        ("endorser", ENDORSER),
    ],
)
def test_cancelled_half_way_writes_nothing(world: World, kind: str, config: dict[str, Any]) -> None:
    run = world.new_run(kind, config)
    with at_call("progress", 3, cancel):
        assert execute(run_id=run.pk) == "cancelled"
    for written in (Artifact, Endorsement, PreferenceLabel, Profile):
        assert not written.objects.filter(run=run).exists()
    assert not (Path(settings.SCRATCH_DIR) / "runs" / str(run.pk)).exists()


def test_a_cancelled_generation_keeps_whole_batches_only(world: World) -> None:
    run = world.new_run("generate", GENERATE, policy=world.sft)
    with at_call("progress", 2, cancel):
        assert execute(run_id=run.pk) == "cancelled"
    assert Endorsement.objects.filter(run=run).count() == GENERATE["batch_size"]
