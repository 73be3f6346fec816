"""A worker that has lost its lease writes neither texts nor labels nor profiles."""

from typing import Any

import pytest
from django.db.models import F

from annotations.models import Endorsement, PreferenceLabel, Profile, Run
from annotations.runs.context import RunContext
from annotations.runs.execution import execute
from tests.modelsvc.world import GENERATE, LABELS, TEACHER, World, at_call

pytestmark = pytest.mark.django_db


def taken_by_another(context: RunContext) -> None:
    Run.objects.filter(pk=context.run_id).update(fence=F("fence") + 1)


@pytest.mark.parametrize(
    ("kind", "config", "call"),
    [
        ("profiles", {"replace": True}, 1),
        ("teacher_endorsements", TEACHER, 2),
        ("ai_labels", LABELS, 1),
        ("generate", GENERATE, 2),
    ],
)
def test_nothing_is_written_under_an_old_fence(
    world: World, kind: str, config: dict[str, Any], call: int
) -> None:
    run = world.new_run(kind, config, **({"policy": world.sft} if kind == "generate" else {}))
    with at_call("writing", call, taken_by_another):
        assert execute(run_id=run.pk) == "running"
    for written in (Endorsement, PreferenceLabel, Profile):
        assert not written.objects.filter(run=run).exists()
