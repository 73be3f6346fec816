"""Rows of CSV and JSON-lines files, one at a time, with the columns asked for.

Row numbers are those a spreadsheet shows for CSV (the header is row 1) and line numbers for JSON lines.
"""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from annotations.imports.faults import Faults, ImportFileError
from annotations.imports.sources import OpenFile, Source

OnProgress = Callable[[OpenFile], None]
PROGRESS_EVERY_ROWS = 20_000


@dataclass(frozen=True)
class Column:
    """A column by its name, the other names it may have, and whether the file must have it."""

    name: str
    aliases: tuple[str, ...] = ()
    required: bool = True

    def find(self, header: Sequence[str]) -> int | None:
        known = [title.strip().lower() for title in header]
        for name in (self.name, *self.aliases):
            if name.lower() in known:
                return known.index(name.lower())
        return None


def is_json_lines(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in {".jsonl", ".ndjson"}


def either(source: Source, stem: str) -> str | None:
    """The name of the source's ``stem.csv`` or ``stem.jsonl``, if there is one."""
    return next((name for name in (f"{stem}.csv", f"{stem}.jsonl") if name in source), None)


def read_rows(
    source: Source,
    name: str,
    columns: Sequence[Column],
    faults: Faults,
    on_progress: OnProgress | None = None,
) -> Iterator[tuple[int, list[Any]]]:
    """Yield each row's number and its values in the order of ``columns`` ("" where a column is absent).

    CSV values are strings; JSON values keep their types. Broken rows go to ``faults``.

    Raises:
        ImportFileError: if the file cannot be read or a required column is missing.
    """
    with source.open_text(name) as file:
        reader = _json_rows if is_json_lines(name) else _csv_rows
        for count, row in enumerate(reader(file, name, columns, faults), start=1):
            yield row
            if on_progress is not None and count % PROGRESS_EVERY_ROWS == 0:
                on_progress(file)


def _csv_rows(
    file: OpenFile, name: str, columns: Sequence[Column], faults: Faults
) -> Iterator[tuple[int, list[Any]]]:
    lines = csv.reader(file.text)
    try:
        header = next(lines)
    except StopIteration:
        raise ImportFileError(f"{name}: is empty; expected a header with {_wanted(columns)}") from None
    except csv.Error as error:
        raise ImportFileError(f"{name} row 1: {error}") from None
    places = [column.find(header) for column in columns]
    missing = [c for c, place in zip(columns, places, strict=True) if c.required and place is None]
    if missing:
        there = ", ".join(_shown(title) for title in header[:12])
        raise ImportFileError(f"{name} row 1: has no column {_wanted(missing)} (there: {there})")
    width, row_number = len(header), 1
    while True:
        row_number += 1
        try:
            row = next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            faults.add(name, row_number, "", "is not a CSV row", str(error))
            continue
        if len(row) != width:
            if row:
                faults.add(name, row_number, "", "has another number of fields than the header", len(row))
            continue
        joined = "".join(row)
        if not joined.isascii() or "\0" in joined:
            problem = _unstorable(joined)
            if problem:
                faults.add(name, row_number, "", problem)
                continue
        yield row_number, ["" if place is None else row[place] for place in places]


def _json_rows(
    file: OpenFile, name: str, columns: Sequence[Column], faults: Faults
) -> Iterator[tuple[int, list[Any]]]:
    for row_number, line in enumerate(file.text, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            faults.add(name, row_number, "", "is not a JSON object", line.strip()[:40])
            continue
        if not isinstance(row, dict):
            faults.add(name, row_number, "", "is not a JSON object", line.strip()[:40])
            continue
        problem = _unstorable(json.dumps(row, ensure_ascii=False)) or (
            "holds a NUL character" if "\\u0000" in line else ""
        )
        if problem:
            faults.add(name, row_number, "", problem)
            continue
        keys = list(row)
        places = [column.find(keys) for column in columns]
        absent = [c for c, place in zip(columns, places, strict=True) if c.required and place is None]
        if absent:
            faults.add(name, row_number, absent[0].name, "is missing")
            continue
        values = ["" if place is None else row[keys[place]] for place in places]
        yield row_number, ["" if value is None else value for value in values]


def _unstorable(text: str) -> str:
    if "\0" in text:
        return "holds a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "is not valid UTF-8"
    return ""


def _wanted(columns: Sequence[Column]) -> str:
    return ", ".join("|".join((column.name, *column.aliases)) for column in columns if column.required)


def _shown(title: str) -> str:
    """A header cell for a message; what a database or terminal would refuse becomes a question mark."""
    return "".join(letter if letter.isprintable() else "?" for letter in title[:40])
