"""``manage.py analyze LABELS``: a study's numbers from its exported label file alone, without a database."""

import json
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotations.exports.analysis import analyze_labels
from annotations.exports.manifest import ManifestError
from annotations.exports.report import results_report
from annotations.exports.schema import LabelFileError


class Command(BaseCommand):
    """Print win rates and Pcov with their intervals, as a table or as JSON."""

    help = (
        "Compute precision, appeal, overall and prioritization win rates (eq. 11) and Pcov (eq. 12), "
        "with 95% intervals, from a label file (.csv or .jsonl; columns in docs/labels.md). No database."
    )
    requires_system_checks: ClassVar[list[str]] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("labels", type=Path, metavar="LABELS", help="label file, .csv or .jsonl")
        parser.add_argument(
            "--manifest", type=Path, help="JSON file with study, contrasts, exclusions and bootstrap_seed"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object, fractions throughout")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            results = analyze_labels(options["labels"], options["manifest"])
        except (LabelFileError, ManifestError) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(results.as_dict(), allow_nan=False))
        else:
            self.stdout.write(results_report(results), ending="")
