"""Anybody's own catalogue: items, and where there are any viewers, ratings and profiles, as CSV or JSONL."""

from collections.abc import Iterator
from typing import Any

from annotations.imports.faults import Faults, ImportFileError
from annotations.imports.layouts.layout import NumberedItem, RatingText
from annotations.imports.profiles import read_profiles
from annotations.imports.sources import Source
from annotations.imports.tables import Column, OnProgress, either, read_rows
from annotations.services.catalogues import ItemRow, ViewerRow
from annotations.services.profiles import ProfileRow

ITEM_COLUMNS = [
    Column("external_id", ("item", "item_id", "asin", "movieId")),
    Column("title"),
    Column("year", required=False),
    Column("categories", required=False),
    Column("description", ("synopsis",), required=False),
]
RATING_COLUMNS = [
    Column("viewer", ("viewer_id", "userId")),
    Column("item", ("item_id", "external_id", "movieId", "asin")),
    Column("rating"),
    Column("timestamp", required=False),
]


class PlainFiles:
    """``items`` (required), ``viewers``, ``ratings`` and ``profiles``, each as .csv or .jsonl."""

    domain = "products"
    licence = ""
    scale: tuple[float, float] | None = None

    def __init__(self, source: Source, faults: Faults) -> None:
        self.source = source
        self.faults = faults
        self._names = {stem: either(source, stem) for stem in ("items", "viewers", "ratings", "profiles")}
        if self._names["items"] is None:
            source.require("items.csv")
        self.files = tuple(name for name in self._names.values() if name is not None)

    @staticmethod
    def recognises(source: Source) -> bool:
        return either(source, "items") is not None

    def items(self, on_progress: OnProgress) -> Iterator[NumberedItem]:
        name = self._names["items"]
        if name is None:
            raise ImportFileError(f"{self.source.path}: has no items.csv")
        for row, values in read_rows(self.source, name, ITEM_COLUMNS, self.faults, on_progress):
            external_id, title, year_text, categories, description = values
            year = self._year(name, row, year_text)
            description = str(description).strip()
            item = ItemRow(
                external_id=str(external_id).strip(),
                title=" ".join(str(title).split()),
                year=year,
                categories=_category_list(categories),
                description=description,
                description_source=name if description else "",
            )
            yield NumberedItem(name, row, item)

    def _year(self, name: str, row: int, text: Any) -> int | None:
        text = str(text).strip()
        if not text:
            return None
        try:
            year = int(float(text))
        except (ValueError, OverflowError):
            year = 0
        if not 1000 <= year <= 2200:
            self.faults.add(name, row, "year", "is no year (the item is kept without one)", text)
            return None
        return year

    def ratings(self, on_progress: OnProgress) -> Iterator[RatingText]:
        name = self._names["ratings"]
        if name is None:
            return
        for row, values in read_rows(self.source, name, RATING_COLUMNS, self.faults, on_progress):
            yield RatingText(name, row, *(str(value) for value in values))

    def viewers(self) -> Iterator[tuple[str, int, ViewerRow]]:
        name = self._names["viewers"]
        if name is None:
            return
        columns = [Column("external_id", ("viewer", "viewer_id", "userId"))]
        for row, (external_id,) in read_rows(self.source, name, columns, self.faults):
            yield name, row, ViewerRow(str(external_id).strip())

    def tags(self) -> Iterator[tuple[str, str]]:
        return iter(())

    def profiles(self) -> Iterator[tuple[str, int, ProfileRow]]:
        name = self._names["profiles"]
        if name is None:
            return
        for row, profile in read_profiles(self.source, name, self.faults):
            yield name, row, profile


def _category_list(value: Any) -> tuple[str, ...]:
    parts = value if isinstance(value, list) else str(value).split("|")
    return tuple(str(part).strip() for part in parts if str(part).strip())
