"""Runs on the prepared catalogue, whole, cut short or cancelled, and what they leave behind."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from annotations.models import Catalogue, Run
from annotations.runs.context import RunContext
from annotations.runs.dispatch import sweep
from annotations.runs.execution import execute
from annotations.services.runs import create_run

TINY = {
    "base_model": "tiny",
    "batch_size": 4,
    "max_answer_tokens": 48,
    "max_prompt_tokens": 1600,
    "systems": ["teacher"],
}
GENERATE = {
    "system": "sampled", "title": "Sampled", "kind": "sft", "splits": ["collect", "test"],
    "batch_size": 4, "max_new_tokens": 12,
}  # fmt: skip
TEACHER = {"system": "again", "drafts_system": "again-drafts", "drafts_pairs": 4}
LABELS = {"systems": ["teacher", "drafts"], "max_comparisons": 12}
ENDORSER = {**TINY, "stage_1_steps": 3, "stage_1_batch_size": 4, "steps": 4}


class Killed(BaseException):
    """Stands for kill -9: no executor catches it, and the run stays as running under its lease."""


@dataclass(frozen=True)
class World:
    """The catalogue with vectors, profiles, splits, the teacher's texts and drafts, and a tiny SFT."""

    catalogue: Catalogue
    embeddings: Run
    sft: Run

    def new_run(self, kind: str, config: dict[str, Any], **inputs: Run) -> Run:
        return create_run(
            kind=kind,
            config=config,
            seed=5,
            catalogue=self.catalogue,
            inputs={"embeddings": self.embeddings, **inputs},
            dispatched=False,
        )

    def executed(self, kind: str, config: dict[str, Any], **inputs: Run) -> Run:
        run = self.new_run(kind, config, **inputs)
        execute(run_id=run.pk)
        run.refresh_from_db()
        return run

    def killed_and_resumed(
        self, kind: str, config: dict[str, Any], *, method: str, call: int, **inputs: Run
    ) -> Run:
        """A run whose process dies at the ``call``-th call of its context's ``method``."""
        run = self.new_run(kind, config, **inputs)
        with at_call(method, call, _die), pytest.raises(Killed):
            execute(run_id=run.pk)
        assert Run.objects.get(pk=run.pk).status == Run.Status.RUNNING
        Run.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        assert sweep()["requeued"] == 1
        execute(run_id=run.pk)
        run.refresh_from_db()
        assert run.attempts == 2
        return run


def _die(context: RunContext) -> None:
    raise Killed


@contextmanager
def at_call(method: str, call: int, act: Callable[[RunContext], None]) -> Iterator[None]:
    """Within, ``act`` happens just before the ``call``-th call of the run context's method."""
    original = getattr(RunContext, method)
    calls = 0

    def counted(self: RunContext, *args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            act(self)
        return original(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunContext, method, counted)
        yield
    assert calls >= call, f"{method} was called {calls} times only"


@contextmanager
def undone() -> Iterator[None]:
    """What is written within is rolled back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
