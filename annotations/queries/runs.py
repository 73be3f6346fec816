"""Runs as the pages and commands show them."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from annotations.models import Run, RunEvent, RunInput
from annotations.runs import registry

LOG_LEVELS = (RunEvent.Level.INFO, RunEvent.Level.WARNING, RunEvent.Level.ERROR)
ENDED = (Run.Status.SUCCEEDED, Run.Status.FAILED, Run.Status.CANCELLED)
POINTS_PER_SERIES = 300


@dataclass(frozen=True)
class RunLine:
    """One run in a list. ``percent`` and ``remaining`` are None where nothing is known."""

    id: int
    name: str
    kind: str
    kind_title: str
    status: str
    status_label: str
    step: int
    total_steps: int
    percent: int | None
    remaining: timedelta | None
    message: str
    error: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    catalogue: str
    stages: tuple["RunLine", ...] = ()

    @property
    def is_active(self) -> bool:
        return self.status not in ENDED

    @property
    def is_working(self) -> bool:
        return self.status in (Run.Status.RUNNING, Run.Status.CANCELLING)

    @property
    def stages_ended(self) -> int:
        return sum(stage.status in ENDED for stage in self.stages)

    @property
    def working_stage(self) -> "RunLine | None":
        return next((stage for stage in self.stages if stage.is_working), None)

    def age(self, now: datetime) -> timedelta:
        return now - self.created_at

    @property
    def took(self) -> timedelta | None:
        """How long the last attempt took, once it has ended."""
        if self.started_at is None or self.finished_at is None:
            return None
        return self.finished_at - self.started_at


def with_lines(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Fetch what ``run_line`` needs in a constant number of queries."""
    stages = Run.objects.select_related("catalogue").order_by("position", "pk")
    return runs.select_related("catalogue").prefetch_related(Prefetch("stages", queryset=stages))


def run_line(run: Run, *, now: datetime | None = None, stages: Sequence[Run] = ()) -> RunLine:
    now = now or timezone.now()
    percent = None
    if run.total_steps:
        percent = 100 * run.step // run.total_steps
    elif run.status == Run.Status.SUCCEEDED:
        percent = 100
    return RunLine(
        id=run.pk,
        name=run.name,
        kind=run.kind,
        kind_title=kind_title(run.kind),
        status=run.status,
        status_label=run.get_status_display(),
        step=run.step,
        total_steps=run.total_steps,
        percent=percent,
        remaining=_remaining(run, now),
        message=run.message,
        error=run.error,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        catalogue=run.catalogue.name if run.catalogue is not None else "",
        stages=tuple(run_line(stage, now=now) for stage in stages),
    )


def kind_title(kind: str) -> str:
    """The kind's title; its name where its executor is no longer registered."""
    if kind == "pipeline":
        return "Pipeline"
    try:
        return registry.kind_named(kind).title
    except registry.UnknownRunKindError:
        return kind


def _remaining(run: Run, now: datetime) -> timedelta | None:
    """Time left if the rest goes at the pace so far."""
    if run.status != Run.Status.RUNNING or run.started_at is None or not 0 < run.step < run.total_steps:
        return None
    return (now - run.started_at) * ((run.total_steps - run.step) / run.step)


def log_tail(run_id: int, *, lines: int) -> list[RunEvent]:
    """The last log lines, oldest first."""
    events = RunEvent.objects.filter(run_id=run_id, level__in=LOG_LEVELS).order_by("-pk")[:lines]
    return list(reversed(events))


def latest_samples(run_id: int, *, count: int) -> list[RunEvent]:
    return list(RunEvent.objects.filter(run_id=run_id, level=RunEvent.Level.SAMPLE).order_by("-pk")[:count])


@dataclass(frozen=True)
class Series:
    """One metric over a run's steps, thinned to at most about ``POINTS_PER_SERIES`` points."""

    name: str
    points: tuple[tuple[int, float], ...]


def metric_series(run_id: int) -> list[Series]:
    """Every metric the run recorded, by name. After a resume the later attempt's value of a step stands."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT step, data FROM (
                SELECT step, data, id, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS total
                FROM annotations_runevent WHERE run_id = %s AND level = 'metrics'
            ) AS event
            WHERE place %% greatest(1, total / %s) = 0 OR place = 1 OR place = total
            ORDER BY id
            """,
            [run_id, POINTS_PER_SERIES],
        )
        rows = cursor.fetchall()
    values: dict[str, dict[int, float]] = {}
    for step, data in rows:
        for name, value in _as_dict(data).items():
            if isinstance(value, int | float) and math.isfinite(value):
                values.setdefault(name, {})[step or 0] = float(value)
    return [Series(name, tuple(sorted(values[name].items()))) for name in sorted(values)]


def _as_dict(data: Any) -> dict[str, Any]:
    return json.loads(data) if isinstance(data, str) else data


def inputs_of(run: Run, visible: QuerySet[Run]) -> list[RunInput]:
    """What the run was given, as far as the runs that gave it are ``visible`` to the reader."""
    return list(run.inputs.filter(source__in=visible).select_related("source").order_by("role"))


def consumers_of(run: Run, visible: QuerySet[Run]) -> list[RunInput]:
    """Who uses the run's outputs, as far as those runs are ``visible`` to the reader."""
    return list(run.consumers.filter(run__in=visible).select_related("run").order_by("run_id", "role"))
