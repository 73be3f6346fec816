"""The run that imports a catalogue: read and check everything, then write it in one transaction."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from annotations.imports.catalogue_config import ImportCatalogueConfig
from annotations.imports.descriptions import check_descriptions, read_descriptions
from annotations.imports.faults import Faults, ImportFileError
from annotations.imports.layouts.detect import detect_layout
from annotations.imports.layouts.layout import Layout
from annotations.imports.profiles import profile_from_fields
from annotations.imports.ratings import ID_LENGTH, RatingSpool, RatingSummary, spool_ratings, write_ratings
from annotations.imports.sources import OpenFile, Source
from annotations.models import Catalogue
from annotations.runs.context import RunContext
from annotations.services.catalogues import ItemRow, ViewerRow, refuse_conflict, write_catalogue
from annotations.services.profiles import ProfileRow, save_profiles

TITLE_LENGTH = 500


def execute(context: RunContext) -> dict[str, Any]:
    """Import the catalogue and return the report.

    Raises:
        ImportFileError: if the source cannot be used; the catalogue is then as it was.
    """
    config = context.config
    if not isinstance(config, ImportCatalogueConfig):
        raise TypeError("the import was given another config")
    faults = Faults()
    source = Source(Path(config.path))
    layout = detect_layout(config.format, source, faults)
    domain = config.domain or layout.domain
    existing = Catalogue.objects.filter(name=config.name).first()
    if existing is not None:
        refuse_conflict(existing, domain=domain, source_format=config.format)
    if config.descriptions:
        check_descriptions(Path(config.descriptions))
    reading = _Reading(context, config, layout, faults)
    reading.read_items()
    reading.read_viewers_and_profiles()
    summary = reading.read_ratings()
    return _write(context, config, layout, domain, reading, summary, source)


class _Reading:
    """What has been read and checked so far: ids in memory, everything else in the scratch folder."""

    def __init__(
        self, context: RunContext, config: ImportCatalogueConfig, layout: Layout, faults: Faults
    ) -> None:
        self.context = context
        self.layout = layout
        self.faults = faults
        self.scale = layout.scale
        if config.rating_min is not None and config.rating_max is not None:
            self.scale = (config.rating_min, config.rating_max)
        self.item_numbers: dict[str, int] = {}
        self.viewers: dict[str, ViewerRow] = {}
        self.items_file = context.scratch / "items.jsonl"
        self.profiles_file = context.scratch / "profiles.jsonl"
        self.profile_count = 0
        self.spool = RatingSpool(context.scratch / "spool", self.item_numbers)

    def _show(self, what: str) -> Any:
        def on_progress(file: OpenFile) -> None:
            self.context.progress(
                min(file.bytes_read, file.size_bytes - 1), file.size_bytes, f"reading {what}"
            )

        return on_progress

    def read_items(self) -> None:
        with self.items_file.open("w", encoding="utf-8") as handle:
            for file, row, item in self.layout.items(self._show("items")):
                problem = self._item_problem(item)
                if problem:
                    self.faults.add(file, row, *problem)
                    continue
                self.item_numbers[item.external_id] = len(self.item_numbers)
                handle.write(json.dumps(dataclasses.asdict(item)) + "\n")
        if not self.item_numbers:
            raise ImportFileError("; ".join(["the source has no usable item", *self.faults.lines()[:4]]))
        self.context.log(f"read {len(self.item_numbers):,} items")

    def _item_problem(self, item: ItemRow) -> tuple[str, str, str] | None:
        if not item.external_id or len(item.external_id) > ID_LENGTH:
            return "item id", f"is empty or longer than {ID_LENGTH} characters", item.external_id
        if not item.title or len(item.title) > TITLE_LENGTH:
            return "title", f"is empty or longer than {TITLE_LENGTH} characters", item.title
        if item.external_id in self.item_numbers:
            return "item id", "is there already in an earlier row", item.external_id
        return None

    def read_viewers_and_profiles(self) -> None:
        for file, row, viewer in self.layout.viewers():
            if self._is_usable_viewer(file, row, viewer.external_id):
                if viewer.external_id in self.viewers:
                    self.faults.add(
                        file, row, "viewer", "is there already in an earlier row", viewer.external_id
                    )
                else:
                    self.viewers[viewer.external_id] = viewer
        seen: set[str] = set()
        with self.profiles_file.open("w", encoding="utf-8") as handle:
            for file, row, profile in self.layout.profiles():
                if not self._is_usable_viewer(file, row, profile.viewer):
                    continue
                unknown = _unknown_evidence(profile, self.item_numbers)
                if unknown is not None:
                    self.faults.add(file, row, "evidence", "names no item of this catalogue", unknown)
                elif profile.viewer in seen:
                    self.faults.add(
                        file, row, "viewer", "has a profile already in an earlier row", profile.viewer
                    )
                else:
                    seen.add(profile.viewer)
                    self.viewers.setdefault(profile.viewer, ViewerRow(profile.viewer))
                    handle.write(json.dumps(dataclasses.asdict(profile)) + "\n")
        self.profile_count = len(seen)

    def _is_usable_viewer(self, file: str, row: int, external_id: str) -> bool:
        if external_id and len(external_id) <= ID_LENGTH:
            return True
        self.faults.add(file, row, "viewer", f"is empty or longer than {ID_LENGTH} characters", external_id)
        return False

    def read_ratings(self) -> RatingSummary:
        def log_count(rows: int) -> None:
            self.context.log(f"read {rows:,} ratings")

        spool_ratings(
            self.layout.ratings(self._show("ratings")),
            self.spool,
            self.faults,
            scale=self.scale,
            on_row_count=log_count,
        )
        for viewer in self.spool.viewer_numbers:
            self.viewers.setdefault(viewer, ViewerRow(viewer))
        summary = write_ratings(self.spool, self.context.scratch / "ratings", check=self.context.check)
        self.context.log(
            f"read {summary.rows:,} ratings of {summary.items:,} items by {summary.viewers:,} viewers"
        )
        return summary

    def items(self) -> Iterator[ItemRow]:
        with self.items_file.open(encoding="utf-8") as handle:
            for line in handle:
                fields = json.loads(line)
                yield ItemRow(**fields | {"categories": tuple(fields["categories"])})

    def profiles(self) -> Iterator[ProfileRow]:
        with self.profiles_file.open(encoding="utf-8") as handle:
            for line in handle:
                yield profile_from_fields(json.loads(line))


def _unknown_evidence(profile: ProfileRow, item_numbers: dict[str, int]) -> str | None:
    ids = (item for attribute in profile.attributes for item in attribute.evidence)
    return next((item for item in ids if item not in item_numbers), None)


def _rating_scale(scale: tuple[float, float] | None, summary: RatingSummary) -> tuple[float, float]:
    """The format's or the given scale, otherwise what was seen."""
    if scale is not None:
        return scale
    if summary.low is None or summary.high is None:
        return 0.5, 5.0
    if summary.low == summary.high:
        raise ImportFileError(
            f"every rating is {summary.low:g}, so their scale is unknown: give --rating-min and --rating-max"
        )
    return summary.low, summary.high


def _write(
    context: RunContext,
    config: ImportCatalogueConfig,
    layout: Layout,
    domain: str,
    reading: _Reading,
    summary: RatingSummary,
    source: Source,
) -> dict[str, Any]:
    low, high = _rating_scale(reading.scale, summary)
    artifact = None
    if summary.rows:
        metadata = summary.as_json() | {"rating_min": low, "rating_max": high}
        artifact = context.commit_artifact("ratings", context.scratch / "ratings", metadata)
    faults = reading.faults
    owner = get_user_model().objects.filter(pk=context.started_by_id).first()
    context.log(f"writing {len(reading.item_numbers):,} items and {len(reading.viewers):,} viewers")
    with transaction.atomic():
        catalogue, counts = write_catalogue(
            name=config.name,
            title=config.title,
            domain=domain,
            source_format=config.format,
            licence=config.licence or layout.licence,
            rating_min=low,
            rating_max=high,
            ratings=artifact,
            rating_count=summary.rows,
            items=reading.items(),
            viewers=reading.viewers.values(),
            tags=layout.tags(),
            descriptions=read_descriptions(Path(config.descriptions), faults) if config.descriptions else (),
            description_source=Path(config.descriptions).name,
            owner=owner,
        )
        save_profiles(catalogue_id=catalogue.pk, profiles=reading.profiles(), source="import")
        # Last, because it locks the run's row: no other attempt may have taken the run meanwhile.
        context.set_catalogue(catalogue.pk)
    for line in faults.lines():
        context.log(line, level="warning")
    return {
        "catalogue": catalogue.name,
        "items": len(reading.item_numbers),
        "viewers": len(reading.viewers),
        "ratings": summary.rows,
        "ratings_repeated": summary.repeated,
        "profiles": reading.profile_count,
        **counts.as_json(),
        "skipped": faults.as_json(),
        "sources": source.sha256(list(layout.files)),
    }
