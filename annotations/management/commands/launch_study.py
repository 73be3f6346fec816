"""Launch a study from a specification file."""

import json
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotations.crowd.entry import entry_query
from annotations.imports.study_spec import StudySpecError, read_study_spec
from annotations.queries.running_server import running_url
from annotations.queries.studies import count_slots
from annotations.services.invitations import create_invitation
from annotations.services.launch import LaunchError, launch_study


class Command(BaseCommand):
    help = "Launch a study from a YAML specification (docs/study_spec.md) and print the link for raters."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("spec", type=Path, metavar="SPEC.yaml")
        parser.add_argument("--owner", metavar="USERNAME", help="account that owns the study")
        parser.add_argument(
            "--base-url",
            metavar="URL",
            help="where raters reach this installation (default: the server that `up` runs, "
            "else http://localhost:8000)",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["spec"]
        try:
            spec = read_study_spec(path)
        except StudySpecError as error:
            raise CommandError(str(error)) from error
        try:
            study = launch_study(spec=spec, owner=_find_owner(options["owner"]))
        except LaunchError as error:
            raise CommandError("\n".join(f"{path}: {problem}" for problem in error.problems)) from error
        invitation = create_invitation(study=study, platform=spec.crowd.platform if spec.crowd else "link")
        base_url = options["base_url"] or running_url() or "http://localhost:8000"
        slots = count_slots(study.pk).planned
        rater_url = base_url.rstrip("/") + invitation.path
        if spec.crowd:
            rater_url += "?" + entry_query(spec.crowd)
        if options["json"]:
            result = {
                "study": study.name,
                "study_id": study.pk,
                "comparisons": study.manifest["comparisons"]["count"] if study.manifest else 0,
                "slots": slots,
                "rater_url": rater_url,
                "completion_code": study.completion_code,
                "manifest_sha256": study.manifest_sha256,
            }
            self.stdout.write(json.dumps(result))
            return
        audience = spec.crowd.title if spec.crowd else "raters"
        self.stdout.write(
            f"Study {study.name} (id {study.pk}) is open: {slots} judgments wanted.\n"
            f"Link for {audience} (shown only now): {rater_url}\n"
            f"Completion code: {study.completion_code}\n"
            f"Manifest: {study.manifest_sha256}"
        )


def _find_owner(username: str | None) -> Any:
    if username is None:
        return None
    owner = get_user_model().objects.filter(username=username).first()
    if owner is None:
        raise CommandError(f"there is no account {username!r}")
    return owner
