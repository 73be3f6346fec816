"""Waking workers up, and finding what was lost. The runs table decides; messages are only hints."""

import logging
from datetime import timedelta
from functools import partial

from celery import current_app
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from annotations.models import Run
from annotations.runs.storage import discard_scratch
from annotations.runs.workers import is_dead

logger = logging.getLogger(__name__)

TASK = "annotations.tasks.execute_run"
MAX_ATTEMPTS = 5
REDISPATCH_AFTER = timedelta(minutes=10)

_DEAD = (Run.Status.FAILED, Run.Status.CANCELLED)


def dispatch(run: Run) -> None:
    """Send the run's message once the surrounding transaction has committed."""
    run_id, queue = run.pk, run.queue
    transaction.on_commit(lambda: _send(run_id, queue))


def _send(run_id: int, queue: str) -> None:
    """Send the message; if the broker is out of reach, leave the run for the sweeper's next round."""
    try:
        current_app.send_task(TASK, args=[run_id], queue=queue, ignore_result=True, retry=False)
    except OperationalError as error:
        logger.warning("run %s: the broker is out of reach (%s); the sweeper will send it", run_id, error)
        Run.objects.filter(pk=run_id, status=Run.Status.QUEUED).update(queued_at=None)


def release_dependants(*, run_id: int) -> None:
    """After a run's end: queue the waiting runs that now have all inputs, cancel those that never will.

    Also closes the pipeline run when its last stage has ended.
    """
    ended = Run.objects.select_related("pipeline").get(pk=run_id)
    # The stages are locked in one order so that two that end at once cannot both miss the last release.
    waiting = (
        Run.objects.select_for_update(of=("self",))
        .filter(status=Run.Status.WAITING, inputs__source_id=run_id)
        .order_by("pk")
    )
    for run in waiting:
        release(run)
    if ended.pipeline_id is not None:
        _close_pipeline(pipeline_id=ended.pipeline_id)


def release(run: Run) -> None:
    """Queue a waiting run if all it needs has succeeded; cancel it if that can no longer happen."""
    states = set(run.inputs.values_list("source__status", flat=True))
    if states <= {Run.Status.SUCCEEDED}:
        run.status = Run.Status.QUEUED
        run.queued_at = timezone.now()
        run.save(update_fields=["status", "queued_at"])
        dispatch(run)
    elif states & set(_DEAD):
        run.status = Run.Status.CANCELLED
        run.finished_at = timezone.now()
        run.error = "not started: a run it needs did not succeed"
        run.save(update_fields=["status", "finished_at", "error"])
        release_dependants(run_id=run.pk)


def _close_pipeline(*, pipeline_id: int) -> None:
    pipeline = Run.objects.select_for_update().get(pk=pipeline_id)
    states = list(pipeline.stages.values_list("status", flat=True))
    ended = [s for s in states if s in (Run.Status.SUCCEEDED, *_DEAD)]
    pipeline.step, pipeline.total_steps = len(ended), len(states)
    if len(ended) == len(states) and pipeline.status in (Run.Status.RUNNING, Run.Status.CANCELLING):
        if all(state == Run.Status.SUCCEEDED for state in states):
            pipeline.status = Run.Status.SUCCEEDED
        elif Run.Status.FAILED in states:
            pipeline.status = Run.Status.FAILED
            pipeline.error = "a stage failed"
        else:
            pipeline.status = Run.Status.CANCELLED
        pipeline.finished_at = timezone.now()
        pipeline.lease_expires_at = None
    pipeline.save()


def _end_leases_of_the_dead() -> None:
    """A worker of this host that is gone needs no wait for its lease to run out."""
    held = Run.objects.filter(
        status__in=[Run.Status.RUNNING, Run.Status.CANCELLING], lease_expires_at__isnull=False
    )
    for run_id, fence, worker in held.values_list("pk", "fence", "worker"):
        if is_dead(worker):
            Run.objects.filter(pk=run_id, fence=fence).update(lease_expires_at=timezone.now())


def sweep(*, redispatch_after: timedelta = REDISPATCH_AFTER) -> dict[str, int]:
    """Put right what a crash left: expired leases, lost messages, waiting runs that are free to go.

    A queued run's message counts as lost after ``redispatch_after``; a second message does no harm.
    """
    now = timezone.now()
    _end_leases_of_the_dead()
    counts = {"requeued": 0, "failed": 0, "redispatched": 0, "released": 0}
    with transaction.atomic():
        expired = (
            Run.objects.select_for_update(skip_locked=True)
            .filter(
                status__in=[Run.Status.RUNNING, Run.Status.CANCELLING], lease_expires_at__lte=timezone.now()
            )
            .exclude(kind="pipeline")
        )
        for run in expired:
            if run.status == Run.Status.CANCELLING:
                run.status, run.finished_at, run.lease_expires_at = Run.Status.CANCELLED, now, None
                transaction.on_commit(partial(discard_scratch, run.pk))
            elif run.attempts >= MAX_ATTEMPTS:
                run.status, run.finished_at, run.lease_expires_at = Run.Status.FAILED, now, None
                run.error = f"its worker died {run.attempts} times"
                counts["failed"] += 1
            else:
                run.status, run.queued_at, run.lease_expires_at = Run.Status.QUEUED, now, None
                dispatch(run)
                counts["requeued"] += 1
            run.save()
            if run.finished_at == now:
                release_dependants(run_id=run.pk)
        lost = Run.objects.select_for_update(skip_locked=True).filter(
            Q(queued_at__isnull=True) | Q(queued_at__lt=now - redispatch_after), status=Run.Status.QUEUED
        )
        for run in lost:
            run.queued_at = now
            run.save(update_fields=["queued_at"])
            dispatch(run)
            counts["redispatched"] += 1
        for run in Run.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            status=Run.Status.WAITING
        ):
            release(run)
            counts["released"] += run.status != Run.Status.WAITING
    return counts
