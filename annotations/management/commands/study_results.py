"""``manage.py study_results STUDY``: win rates and Pcov with their intervals."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotations.exports.report import results_report
from annotations.queries.results import is_blinded, results_of_study
from annotations.queries.studies import UnknownStudyError, find_study
from annotations.services.audit import record_event


class Command(BaseCommand):
    """Print the numbers of a study, as a table or as JSON; the same as ``analyze`` on its export."""

    help = (
        "Print precision, appeal, overall and prioritization win rates (eq. 11) and Pcov (eq. 12) with 95% "
        "intervals for each contrast of a study, each kind of rater apart."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", metavar="STUDY", help="name or number of the study")
        parser.add_argument("--json", action="store_true", help="print one JSON object, fractions throughout")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            study = find_study(options["study"])
        except UnknownStudyError as error:
            raise CommandError(str(error)) from error
        if is_blinded(study):
            # Pages keep to the blinding; who runs commands could read the tables anyway: say it and log it.
            self.stderr.write(
                f"note: {study.name} is blinded until it is closed; this look is in its audit log"
            )
            record_event(
                action="results.seen_while_blinded", object_kind="study", object_id=study.pk, study=study
            )
        results = results_of_study(study.pk)
        if options["json"]:
            self.stdout.write(json.dumps(results.as_dict(), allow_nan=False))
        else:
            self.stdout.write(results_report(results), ending="")
