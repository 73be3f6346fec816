"""Item descriptions from a CSV or JSONL file of their own, joined by the item's external id."""

from collections.abc import Iterator
from pathlib import Path

from annotations.imports.faults import Faults
from annotations.imports.sources import single_file
from annotations.imports.tables import Column, read_rows

COLUMNS = [
    Column("external_id", ("movieId", "item", "item_id", "asin")),
    Column("description", ("synopsis",)),
]


def read_descriptions(path: Path, faults: Faults) -> Iterator[tuple[str, str]]:
    """Yield (external id, description); the file's other columns are ignored.

    Raises:
        ImportFileError: if the file cannot be read or a column is missing.
    """
    source, name = single_file(path)
    seen: set[str] = set()
    for row, (external_id, description) in read_rows(source, name, COLUMNS, faults):
        external_id, description = str(external_id).strip(), str(description).strip()
        if not external_id:
            faults.add(name, row, "item", "is empty")
        elif not description:
            faults.add(name, row, "description", "is empty", external_id)
        elif external_id in seen:
            faults.add(name, row, "item", "has a description already", external_id)
        else:
            seen.add(external_id)
            yield external_id, description


def check_descriptions(path: Path) -> None:
    """Fail early: open the file and look at its columns before the long part of an import begins.

    Raises:
        ImportFileError: if the file cannot be read or a column is missing.
    """
    next(read_descriptions(path, Faults()), None)
