"""manage.py runs [ID [--cancel]]"""

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from annotations.models import Run
from annotations.queries.durations import in_words
from annotations.queries.runs import RunLine, log_tail, run_line, with_lines
from annotations.services.runs import cancel_run


class Command(BaseCommand):
    help = "List the runs, or show one with the end of its log, or cancel it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", nargs="?", type=int, help="show this run")
        parser.add_argument("--cancel", action="store_true", help="ask the run to stop")
        parser.add_argument("--active", action="store_true", help="list only runs that have not ended")
        parser.add_argument("--limit", type=int, default=30, help="list at most so many (default 30)")
        parser.add_argument("--lines", type=int, default=30, help="lines of the log to show (default 30)")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["id"] is None:
            if options["cancel"]:
                raise CommandError("--cancel needs the id of a run")
            if options["limit"] < 1:
                raise CommandError("--limit: at least 1")
            self._list(options)
        else:
            self._show(options)

    def _list(self, options: dict[str, Any]) -> None:
        runs = with_lines(Run.objects.filter(pipeline=None)).order_by("-pk")
        if options["active"]:
            runs = runs.exclude(status__in=[Run.Status.SUCCEEDED, Run.Status.FAILED, Run.Status.CANCELLED])
        now = timezone.now()
        lines = [run_line(run, now=now, stages=run.stages.all()) for run in runs[: options["limit"]]]
        if options["json"]:
            self.stdout.write(json.dumps({"runs": [_as_json(line, now) for line in lines]}))
            return
        if not lines:
            self.stdout.write("no runs")
        for line in lines:
            self.stdout.write(_as_text(line, now))
            for stage in line.stages:
                self.stdout.write(_as_text(stage, now, indent="  "))

    def _show(self, options: dict[str, Any]) -> None:
        run = with_lines(Run.objects.filter(pk=options["id"])).first()
        if run is None:
            raise CommandError(f"there is no run {options['id']}")
        if options["cancel"]:
            cancel_run(run_id=run.pk)
            run = with_lines(Run.objects.filter(pk=run.pk)).get()
        now = timezone.now()
        line = run_line(run, now=now, stages=run.stages.all())
        log = log_tail(run.pk, lines=max(0, options["lines"]))
        if options["json"]:
            report = _as_json(line, now) | {
                "config": run.config,
                "seed": run.seed,
                "code_version": run.code_version,
                "result": run.result,
                "artifacts": [
                    {"role": a.role, "sha256": a.sha256, "bytes": a.size_bytes}
                    for a in run.artifacts.order_by("role")
                ],
                "log": [
                    {"at": event.at.isoformat(), "level": event.level, "message": event.message}
                    for event in log
                ],
            }
            self.stdout.write(json.dumps(report))
            return
        self.stdout.write(_as_text(line, now))
        for stage in line.stages:
            self.stdout.write(_as_text(stage, now, indent="  "))
        if line.error:
            self.stdout.write(f"error: {line.error}")
        for event in log:
            self.stdout.write(f"{event.at:%Y-%m-%d %H:%M:%S} {event.level:<8}{event.message}")


def _as_text(line: RunLine, now: datetime, indent: str = "") -> str:
    progress = "" if line.percent is None else f"{line.percent} %"
    remaining = f"{in_words(line.remaining)} left" if line.remaining is not None else ""
    name = f"{indent}{line.name}"
    return (
        f"{line.id:>6}  {line.status:<10} {progress:>5}  {remaining:<15} {in_words(line.age(now)):>9} old  "
        f"{line.kind:<20} {name}"
    )


def _as_json(line: RunLine, now: datetime) -> dict[str, Any]:
    return {
        "id": line.id,
        "kind": line.kind,
        "name": line.name,
        "status": line.status,
        "step": line.step,
        "total_steps": line.total_steps,
        "eta_s": None if line.remaining is None else round(line.remaining.total_seconds()),
        "age_s": round(line.age(now).total_seconds()),
        "message": line.message,
        "error": line.error,
        "stages": [_as_json(stage, now) for stage in line.stages],
    }
