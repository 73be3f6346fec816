"""Executing a run: claim, heartbeat, executor, outcome. The same code in a worker and in a command."""

import logging
import traceback
from typing import Any

from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from annotations.models import Run, RunEvent
from annotations.runs.context import RunContext
from annotations.runs.dispatch import release_dependants
from annotations.runs.leases import Heartbeat, LeaseLostError, RunCancelledError, claim_run, hold
from annotations.runs.registry import kind_named
from annotations.runs.storage import discard_scratch
from annotations.runs.workers import worker_name

logger = logging.getLogger(__name__)


def execute(*, run_id: int) -> str:
    """Execute the run if it is there to be taken, and return its status afterwards."""
    fence = claim_run(run_id=run_id, worker=worker_name())
    if fence is None:
        return Run.objects.values_list("status", flat=True).get(pk=run_id)
    run = Run.objects.get(pk=run_id)
    heartbeat = Heartbeat(run_id=run_id, fence=fence)
    heartbeat.start()
    try:
        kind = kind_named(run.kind)
        config = kind.config_model.model_validate(run.config)
        context = RunContext(run=run, fence=fence, config=config, heartbeat=heartbeat)
        result = kind.executor()(context)
    except LeaseLostError:
        logger.warning("run %s: lease lost, leaving it to its new holder", run_id)
    except RunCancelledError:
        _finish(run_id=run_id, fence=fence, status=Run.Status.CANCELLED)
    except ValidationError as error:
        _finish(run_id=run_id, fence=fence, status=Run.Status.FAILED, error=_config_error(error))
    except Exception as error:
        logger.exception("run %s failed", run_id)
        _finish(
            run_id=run_id,
            fence=fence,
            status=Run.Status.FAILED,
            error=f"{type(error).__name__}: {error}",
            trace=traceback.format_exc(),
        )
    else:
        _finish(run_id=run_id, fence=fence, status=Run.Status.SUCCEEDED, result=result)
    finally:
        heartbeat.stop()
    return Run.objects.values_list("status", flat=True).get(pk=run_id)


def _config_error(error: ValidationError) -> str:
    faults = (f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors())
    return "config: " + "; ".join(faults)


def _finish(
    *,
    run_id: int,
    fence: int,
    status: Run.Status,
    result: dict[str, Any] | None = None,
    error: str = "",
    trace: str = "",
) -> None:
    try:
        with transaction.atomic():
            run = hold(run_id=run_id, fence=fence)
            run.status = status
            run.finished_at = timezone.now()
            run.lease_expires_at = None
            run.error = error
            if status == Run.Status.SUCCEEDED:
                run.result = result or {}
                run.step = run.total_steps
            run.save()
            if trace:
                RunEvent.objects.create(
                    run=run, fence=fence, level=RunEvent.Level.ERROR, message=error, data={"traceback": trace}
                )
            release_dependants(run_id=run_id)
    except LeaseLostError:
        logger.warning("run %s: lease lost before its end could be written", run_id)
        return
    if status in (Run.Status.SUCCEEDED, Run.Status.CANCELLED):
        discard_scratch(run_id)
