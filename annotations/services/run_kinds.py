"""Registers the run kinds that are services; called once at start-up, so it loads no executor."""

from annotations.assignment.spec import StudySpec
from annotations.runs import registry
from annotations.runs.registry import RunKind


def register() -> None:
    registry.register(
        RunKind("launch_study", "Launch a study", StudySpec, "annotations.services.launch_run:execute")
    )
