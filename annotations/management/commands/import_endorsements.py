"""manage.py import_endorsements FILE"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotations.imports.endorsements import import_endorsements
from annotations.imports.faults import ImportFileError


class Command(BaseCommand):
    help = (
        "Import ready-made endorsements from CSV or JSONL with the columns catalogue, system, item, viewer, "
        "text and, if wanted, system_title and sample. All rows are written, or none and faults are named."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="CSV or JSONL file")
        parser.add_argument("--catalogue", default="", help="where the file has no catalogue column")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = import_endorsements(options["file"], catalogue=options["catalogue"])
        except ImportFileError as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(counts.__dict__))
        else:
            self.stdout.write(
                f"endorsements: {counts.written:,} written, {counts.unchanged:,} were there already; "
                f"systems: {counts.systems_new} new"
            )
