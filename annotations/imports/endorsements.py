"""Ready-made endorsements from a CSV or JSONL file: all of its rows, or an error and none of them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import transaction

from annotations.imports.faults import Faults, ImportFileError
from annotations.imports.sources import single_file
from annotations.imports.tables import Column, read_rows
from annotations.services.endorsements import (
    EndorsementCounts,
    EndorsementRow,
    EndorsementsRefusedError,
    save_endorsements,
)

TEXT_LENGTH = 20_000
TITLE_LENGTH = 200
MAX_SAMPLE = 32_767
LINES_SHOWN = 20
_SLUG = re.compile(r"^[-a-zA-Z0-9_]{1,80}$")


def import_endorsements(path: Path, *, catalogue: str = "") -> EndorsementCounts:
    """Write every row of the file. ``catalogue`` stands in where the file has no such column.

    Raises:
        ImportFileError: if the file cannot be read or any row is at fault; nothing is written then.
    """
    source, name = single_file(path)
    faults = Faults()
    columns = [
        Column("catalogue", required=not catalogue),
        Column("system"),
        Column("system_title", required=False),
        Column("item", ("item_id", "external_id", "movieId", "asin")),
        Column("viewer", ("viewer_id", "userId")),
        Column("text"),
        Column("sample", required=False),
    ]

    def rows() -> Iterator[EndorsementRow]:
        for number, (row_catalogue, *values) in read_rows(source, name, columns, faults):
            row = _checked(name, number, [row_catalogue or catalogue, *values], faults)
            if row is not None:
                yield row

    try:
        with transaction.atomic():
            counts = save_endorsements(
                rows=rows(),
                on_fault=lambda *place_and_problem: faults.add(name, *place_and_problem),
            )
            if faults.total:
                raise EndorsementsRefusedError(f"{faults.total} rows cannot be written")
    except EndorsementsRefusedError:
        shown = "\n".join(faults.lines()[:LINES_SHOWN])
        raise ImportFileError(f"{path}: nothing was written, because rows are at fault:\n{shown}") from None
    return counts


def _checked(name: str, number: int, values: list[Any], faults: Faults) -> EndorsementRow | None:
    catalogue, system, system_title, item, viewer, text, sample_value = (str(v).strip() for v in values)
    if not _SLUG.match(system):
        faults.add(name, number, "system", "is no short name (letters, digits, - and _)", system)
        return None
    if len(system_title) > TITLE_LENGTH:
        faults.add(name, number, "system_title", f"is longer than {TITLE_LENGTH} characters", system_title)
        return None
    for field, value in (("catalogue", catalogue), ("item", item), ("viewer", viewer), ("text", text)):
        if not value:
            faults.add(name, number, field, "is empty")
            return None
    if len(text) > TEXT_LENGTH:
        faults.add(name, number, "text", f"is longer than {TEXT_LENGTH:,} characters", text)
        return None
    sample_text = sample_value or "0"
    if not (sample_text.isascii() and sample_text.isdigit() and int(sample_text) <= MAX_SAMPLE):
        faults.add(name, number, "sample", f"is no number from 0 to {MAX_SAMPLE:,}", sample_value)
        return None
    return EndorsementRow(number, catalogue, system, system_title, item, viewer, text, int(sample_text))
