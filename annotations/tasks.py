"""Celery's way in: primitive ids in, one service call, nothing else."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from annotations.runs import dispatch
from annotations.runs.execution import execute


@shared_task(name="annotations.tasks.execute_run")
def execute_run(run_id: int) -> None:
    execute(run_id=run_id)


@shared_task(name="annotations.tasks.sweep_runs")
def sweep_runs() -> None:
    dispatch.sweep()


@worker_ready.connect
def send_queued_runs(**_: Any) -> None:
    """The embedded broker forgets on a restart: a worker that comes up asks for what is queued."""
    dispatch.sweep(redispatch_after=timedelta(0))


@shared_task(name="annotations.tasks.sweep_leases")
def sweep_leases() -> None:
    from annotations.services.claims import sweep_leases as sweep

    sweep()
