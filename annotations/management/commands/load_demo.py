"""manage.py load_demo"""

import json
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urljoin

from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from annotations.demo.loading import FOLDER, Demo, load_demo
from annotations.imports.faults import ImportFileError
from annotations.imports.pipeline_spec import PipelineSpecError
from annotations.imports.study_spec import StudySpecError, read_study_spec
from annotations.management.run_log import shown_on
from annotations.services.launch_material import LaunchError
from annotations.services.runs import RunFailedError


class Command(BaseCommand):
    help = (
        "Load the demo: catalogue, texts, an open study, an admin account, and the pipeline that goes on in "
        "the background. Can be repeated; the password and rater link are shown by the load that made them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--base-url", default="http://127.0.0.1:8000/", help="where the pages are, for the printed links"
        )
        parser.add_argument("--no-pipeline", action="store_true", help="do not start the background pipeline")
        parser.add_argument("--new-secrets", action="store_true", help="make a new password and rater link")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        # Looked up first: nothing may fail between the making of the secrets and their printing.
        pages = _pages(options["base_url"])
        try:
            with shown_on(self.stderr._out):
                demo = load_demo(
                    say=lambda line: self.stderr.write(line, self.style.NOTICE),
                    with_pipeline=not options["no_pipeline"],
                    renews_secrets=options["new_secrets"],
                )
        except (ImportFileError, RunFailedError, LaunchError, PipelineSpecError, StudySpecError) as error:
            raise CommandError(f"the demo cannot be loaded: {error}") from None
        report = _report(demo, pages, options["base_url"])
        if options["json"]:
            self.stdout.write(json.dumps(report))
            return
        for label, key in (
            ("Rate", "rater_url"),
            ("Results", "results_url"),
            ("Runs", "runs_url"),
            ("Admin", "admin_url"),
        ):
            if report[key]:
                self.stdout.write(f"{label:<8} {report[key]}")
        if demo.password is None:
            self.stdout.write("Password and rater link were shown before; --new-secrets makes new ones.")
        else:
            self.stdout.write(f"Account  {report['username']} / {report['password']}")


def _pages(base_url: str) -> dict[str, str]:
    study = read_study_spec(FOLDER / "study.yaml").name
    return {
        "admin_url": urljoin(base_url, reverse("admin:index")),
        "results_url": urljoin(base_url, reverse("study_results", args=[study])),
        "runs_url": urljoin(base_url, reverse("run_list")),
    }


def _report(demo: Demo, pages: dict[str, str], base_url: str) -> dict[str, str | None]:
    link = urljoin(base_url, demo.invitation_path) if demo.invitation_path else None
    return {"rater_url": link, **pages, "username": demo.account.get_username(), "password": demo.password}
