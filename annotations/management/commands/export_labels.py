"""``manage.py export_labels STUDY``: the study's label file and its manifest."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotations.exports.study_labels import FORMATS, ExportRefusedError, write_study_labels
from annotations.queries.studies import UnknownStudyError, find_study
from annotations.services.audit import record_event


class Command(BaseCommand):
    """Write one row per assignment, question and attribute."""

    help = (
        "Write a study's preference labels (columns in docs/labels.md) and, beside them, PATH.manifest.json, "
        "so that `analyze PATH --manifest PATH.manifest.json` prints the same numbers without the database."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", metavar="STUDY", help="name or number of the study")
        parser.add_argument("--format", required=True, choices=FORMATS, help="kind of file")
        parser.add_argument("--output", required=True, type=Path, metavar="PATH", help="where to write it")
        parser.add_argument("--force", action="store_true", help="overwrite files that are there already")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            study = find_study(options["study"])
            written = write_study_labels(
                study=study,
                label_format=options["format"],
                output=options["output"],
                overwrite=options["force"],
            )
        except (UnknownStudyError, ExportRefusedError) as error:
            raise CommandError(str(error)) from error
        record_event(
            action="labels.exported",
            object_kind="study",
            object_id=study.pk,
            study=study,
            data={"format": options["format"], "rows": written.rows},
        )
        if options["json"]:
            report = {
                "study": study.name,
                "labels": str(written.labels),
                "manifest": str(written.manifest),
                "rows": written.rows,
            }
            self.stdout.write(json.dumps(report))
        else:
            self.stdout.write(f"{written.rows} label rows of {study.name} in {written.labels}")
            self.stdout.write(f"manifest in {written.manifest}")
