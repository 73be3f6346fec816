"""Creating, cancelling and executing runs."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from annotations.models import Catalogue, Run, RunInput, Study
from annotations.runs.dispatch import dispatch, release, release_dependants
from annotations.runs.execution import execute
from annotations.runs.registry import kind_named
from annotations.runs.storage import discard_scratch
from annotations.runs.version import code_version


class RunFailedError(RuntimeError):
    """A run that was executed inline did not succeed; the message is the run's own."""


@transaction.atomic
def create_run(
    *,
    kind: str,
    config: Mapping[str, Any],
    name: str = "",
    seed: int = 0,
    catalogue: Catalogue | None = None,
    study: Study | None = None,
    inputs: Mapping[str, Run] | None = None,
    pipeline: Run | None = None,
    position: int = 0,
    started_by: AbstractBaseUser | None = None,
    dispatched: bool = True,
) -> Run:
    """Record a run with its validated config; it is queued as soon as all its inputs have succeeded.

    With ``dispatched`` false no worker is woken: the caller executes it inline.

    Raises:
        UnknownRunKindError, pydantic.ValidationError: for a wrong kind or config.
        ValueError: if an input role that the kind needs is missing.
    """
    run_kind = kind_named(kind)
    validated = run_kind.config_model.model_validate(dict(config))
    inputs = dict(inputs or {})
    missing = [role for role in run_kind.needs if role not in inputs]
    if missing:
        raise ValueError(f"a run of kind {kind!r} needs the inputs {', '.join(missing)}")
    run = Run.objects.create(
        kind=kind,
        name=name or run_kind.title,
        queue=run_kind.queue,
        status=Run.Status.WAITING,
        config=validated.model_dump(mode="json"),
        seed=seed,
        code_version=code_version(),
        catalogue=catalogue,
        study=study,
        pipeline=pipeline,
        position=position,
        started_by=started_by,
    )
    RunInput.objects.bulk_create(
        RunInput(run=run, role=role, source=source) for role, source in inputs.items()
    )
    if dispatched:
        release(run)
    else:
        run.status, run.queued_at = Run.Status.QUEUED, timezone.now()
        run.save(update_fields=["status", "queued_at"])
    return run


def execute_inline(*, run: Run) -> Run:
    """Execute a run in this process and return it.

    Raises:
        RunFailedError: with the run's error, if it did not succeed.
    """
    execute(run_id=run.pk)
    run.refresh_from_db()
    if run.status != Run.Status.SUCCEEDED:
        raise RunFailedError(run.error or f"the run ended as {run.status}")
    return run


@transaction.atomic
def cancel_run(*, run_id: int) -> Run:
    """Ask a run to stop: one that has not begun is cancelled at once, a running one at its next check.

    Cancelling a pipeline cancels its stages. Cancelling an ended run changes nothing.
    """
    run = Run.objects.select_for_update().get(pk=run_id)
    if run.status in (Run.Status.WAITING, Run.Status.QUEUED):
        run.status, run.finished_at = Run.Status.CANCELLED, timezone.now()
        run.save(update_fields=["status", "finished_at"])
        transaction.on_commit(lambda: discard_scratch(run_id))
        release_dependants(run_id=run.pk)
    elif run.status == Run.Status.RUNNING:
        run.status = Run.Status.CANCELLING
        run.save(update_fields=["status"])
        for stage_id in run.stages.order_by("-position").values_list("pk", flat=True):
            cancel_run(run_id=stage_id)
    run.refresh_from_db()
    return run


@transaction.atomic
def retry_run(*, run_id: int) -> Run:
    """Queue a failed or cancelled run again; it resumes from its last checkpoint.

    Raises:
        ValueError: if the run has not failed or been cancelled.
    """
    run = Run.objects.select_for_update().get(pk=run_id)
    if run.status not in (Run.Status.FAILED, Run.Status.CANCELLED):
        raise ValueError(f"run {run_id} is {run.status}; only a failed or cancelled run can be tried again")
    run.status, run.finished_at, run.error, run.attempts = Run.Status.QUEUED, None, "", 0
    run.queued_at = timezone.now()
    run.save()
    dispatch(run)
    return run
