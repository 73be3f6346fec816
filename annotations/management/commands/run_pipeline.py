"""manage.py run_pipeline SPEC.yaml"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotations.imports.pipeline_spec import PipelineSpecError, read_pipeline_spec
from annotations.management.run_log import shown_on
from annotations.models import Run
from annotations.runs.execution import execute
from annotations.services.pipelines import UnknownCatalogueError, start_pipeline


class Command(BaseCommand):
    help = (
        "Start the runs of a pipeline spec. Workers execute them (start them with `up`); "
        "with --inline this process does, one after another."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("spec", type=Path, help="YAML file with name, catalogue, seed and stages")
        parser.add_argument("--inline", action="store_true", help="execute the stages in this process")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            spec = read_pipeline_spec(options["spec"])
            pipeline = start_pipeline(spec=spec)
        except (PipelineSpecError, UnknownCatalogueError) as error:
            raise CommandError(str(error)) from None
        stages = list(pipeline.stages.order_by("position"))
        if options["inline"]:
            with shown_on(self.stderr._out):
                for stage in stages:
                    status = execute(run_id=stage.pk)
                    self.stderr.write(f"{stage.name}: {status}")
        pipeline.refresh_from_db()
        stages = list(pipeline.stages.order_by("position"))
        if options["json"]:
            report = {
                "pipeline": pipeline.pk,
                "name": pipeline.name,
                "status": pipeline.status,
                "stages": [{"run": s.pk, "name": s.name, "kind": s.kind, "status": s.status} for s in stages],
            }
            self.stdout.write(json.dumps(report))
        else:
            self.stdout.write(f"pipeline {pipeline.pk} ({pipeline.name}) {pipeline.status}")
            for stage in stages:
                self.stdout.write(f"  run {stage.pk:>5}  {stage.status:<10} {stage.name}")
        if pipeline.status == Run.Status.FAILED:
            failed = next(s for s in stages if s.status == Run.Status.FAILED)
            raise CommandError(f"stage {failed.name!r} failed: {failed.error}")
