"""Celery's way in: primitive ids in, one service call, nothing else."""

from celery import shared_task

from annotations.runs import dispatch
from annotations.runs.execution import execute


@shared_task(name="annotations.tasks.execute_run")
def execute_run(run_id: int) -> None:
    execute(run_id=run_id)


@shared_task(name="annotations.tasks.sweep_runs")
def sweep_runs() -> None:
    dispatch.sweep()


@shared_task(name="annotations.tasks.sweep_leases")
def sweep_leases() -> None:
    from annotations.services.claims import sweep_leases as sweep

    sweep()
