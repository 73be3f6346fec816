"""manage.py import_catalogue movielens|csv PATH --name NAME"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from pydantic import ValidationError

from annotations.imports.catalogue_config import ImportCatalogueConfig
from annotations.imports.pipeline_spec import describe
from annotations.management.run_log import shown_on
from annotations.models import Catalogue
from annotations.services.runs import RunFailedError, create_run, execute_inline


class Command(BaseCommand):
    help = (
        "Import a catalogue: items, viewers, ratings and, where there are any, tags, descriptions and "
        "profiles. Rows that cannot be used are counted and reported; the same import again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "format",
            choices=["movielens", "csv"],
            help="csv: items.csv and, if any, ratings, viewers, profiles",
        )
        parser.add_argument("path", type=Path, help="folder or zip with the catalogue's files")
        parser.add_argument("--name", required=True, help="short name, used in specs")
        parser.add_argument("--title", default="", help="name shown to people (default: the short name)")
        parser.add_argument("--domain", choices=["movies", "products"], help="default: the format's")
        parser.add_argument(
            "--licence", default="", help="terms the data comes under (default: the format's)"
        )
        parser.add_argument(
            "--descriptions",
            type=Path,
            help="CSV or JSONL with descriptions, joined by the item's external id",
        )
        parser.add_argument("--rating-min", type=float, help="lowest possible rating (default: the format's)")
        parser.add_argument(
            "--rating-max", type=float, help="highest possible rating (default: the format's)"
        )
        parser.add_argument("--json", action="store_true", help="print the report as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        descriptions = options["descriptions"]
        try:
            config = ImportCatalogueConfig(
                format=options["format"],
                path=str(options["path"].resolve()),
                name=options["name"],
                title=options["title"],
                domain=options["domain"],
                licence=options["licence"],
                descriptions=str(descriptions.resolve()) if descriptions else "",
                rating_min=options["rating_min"],
                rating_max=options["rating_max"],
            )
        except ValidationError as error:
            raise CommandError(describe(error)) from None
        run = create_run(
            kind="import_catalogue",
            name=f"import {config.name}",
            config=config.model_dump(mode="json"),
            catalogue=Catalogue.objects.filter(name=config.name).first(),
            dispatched=False,
        )
        try:
            with shown_on(self.stderr._out):
                run = execute_inline(run=run)
        except RunFailedError as error:
            raise CommandError(_without_type(str(error))) from None
        report = {"run": run.pk, **run.result}
        if options["json"]:
            self.stdout.write(json.dumps(report))
        else:
            self._print(report)

    def _print(self, report: dict[str, Any]) -> None:
        self.stdout.write(
            f"catalogue {report['catalogue']}: {report['items']:,} items ({report['items_new']:,} new, "
            f"{report['items_changed']:,} changed), {report['viewers']:,} viewers, "
            f"{report['ratings']:,} ratings"
        )
        if report["ratings_repeated"]:
            self.stdout.write(
                f"repeated ratings of a pair, of which the latest was kept: {report['ratings_repeated']:,}"
            )
        self.stdout.write(
            f"descriptions: {report['descriptions_matched']:,} matched, "
            f"{report['descriptions_missing']:,} items without one, "
            f"{report['descriptions_unknown']:,} for items that are not in the catalogue"
        )
        if report["profiles"]:
            self.stdout.write(f"profiles: {report['profiles']:,}")
        self.stdout.write(f"rows skipped: {report['skipped']['total']:,}")


def _without_type(message: str) -> str:
    """An import's own errors are for people as they stand."""
    for name in ("ImportFileError: ", "CatalogueConflictError: "):
        message = message.removeprefix(name)
    return message
