"""Ask the crowd platform about a study's raters and put right what webhooks missed."""

import json
from collections import Counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotations.crowd.platforms import PROLIFIC
from annotations.crowd.prolific.submissions import ProlificApi, ProlificError
from annotations.models import Study
from annotations.queries.crowd import Comparison, compare_submissions, platform_study_ids
from annotations.queries.studies import UnknownStudyError, find_study
from annotations.services.crowd_reconciliation import settle_disagreement


class Command(BaseCommand):
    help = (
        "Ask the crowd platform (Prolific) for a study's submissions and put right what webhooks missed: "
        "returned and timed-out raters give back what they hold, other statuses are noted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", metavar="STUDY", help="name or id of the study here")
        parser.add_argument(
            "--platform-study",
            metavar="ID",
            action="append",
            help="id of the study on the platform; may be repeated (default: those that raters brought)",
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        study = _find(options["study"])
        if not settings.PROLIFIC_API_TOKEN:
            raise CommandError("PROLIFIC_API_TOKEN is not set; make a token in Prolific's settings")
        ids = options["platform_study"] or platform_study_ids(study.pk, PROLIFIC.name)
        if not ids:
            raise CommandError(
                f"no rater has come to {study.name!r} from {PROLIFIC.title} yet, so its id there is unknown; "
                "name it with --platform-study"
            )
        reports = []
        with ProlificApi(
            base_url=settings.PROLIFIC_API_URL,
            token=settings.PROLIFIC_API_TOKEN,
            allow_private=settings.CROWD_API_ALLOW_PRIVATE,
        ) as api:
            for external_id in ids:
                reports.append(_reconcile(api, study, external_id, dry_run=options["dry_run"]))
        if options["json"]:
            self.stdout.write(
                json.dumps({"study": study.name, "dry_run": options["dry_run"], "platform_studies": reports})
            )
        else:
            for report in reports:
                self.stdout.write(_describe(report, dry_run=options["dry_run"]))
        failed = [report["error"] for report in reports if report["error"]]
        if failed:
            raise CommandError("\n".join(failed))


def _find(reference: str) -> Study:
    try:
        study = find_study(reference)
    except UnknownStudyError as error:
        raise CommandError(str(error)) from error
    platform = (study.crowd or {}).get("platform")
    if platform != PROLIFIC.name:
        raise CommandError(
            f"{study.name!r} takes its raters from {platform or 'no platform'}; "
            f"only {PROLIFIC.name} can be asked"
        )
    return study


def _reconcile(api: ProlificApi, study: Study, external_id: str, *, dry_run: bool) -> dict[str, Any]:
    """One study of the platform; a fault there is reported and does not keep others from being asked."""
    asked_at = timezone.now()
    report: dict[str, Any] = {"platform_study": external_id, "error": ""}
    try:
        # All pages before any change: half a list would call the other half unknown.
        submissions = list(api.submissions(external_id))
    except ProlificError as error:
        return report | {"error": str(error)}
    found = compare_submissions(study.pk, PROLIFIC.name, external_id, submissions)
    freed = 0
    if not dry_run:
        for disagreement in found.disagreements:
            change = settle_disagreement(
                disagreement=disagreement, external_study_id=external_id, asked_at=asked_at
            )
            freed += change.freed_slot
    return report | {"submissions": len(submissions), "slots_freed": freed} | _found(found)


def _found(found: Comparison) -> dict[str, Any]:
    return {
        "agreed": found.agreed,
        "changed": [
            {
                "submission": change.submission.submission_id,
                "from": change.status_here or "unknown",
                "to": change.submission.status,
            }
            for change in found.disagreements
        ],
        "never_entered": dict(Counter(submission.status for submission in found.never_entered)),
        "unknown_to_platform": list(found.unknown_to_platform),
    }


def _describe(report: dict[str, Any], *, dry_run: bool) -> str:
    if report["error"]:
        return f"{PROLIFIC.title} study {report['platform_study']}: not reconciled"
    lines = [
        f"{PROLIFIC.title} study {report['platform_study']}: {report['submissions']} submissions, "
        f"{report['agreed']} agree, {len(report['changed'])} {'would change' if dry_run else 'changed'}, "
        f"{report['slots_freed']} slots freed"
    ]
    lines += [f"  {change['submission']}: {change['from']} -> {change['to']}" for change in report["changed"]]
    if report["never_entered"]:
        states = ", ".join(f"{count} {status}" for status, count in sorted(report["never_entered"].items()))
        lines.append(f"  never agreed to take part here: {states}")
    if report["unknown_to_platform"]:
        lines.append(
            f"  sessions that {PROLIFIC.title} does not list: {', '.join(report['unknown_to_platform'])}"
        )
    return "\n".join(lines)
