"""Read a label file, CSV or JSON Lines, row by row, checking every cell.

Row numbers in errors are those a spreadsheet shows for CSV (the header is row 1) and line numbers for JSON
Lines. Unknown columns are ignored; needed ones are listed in ``annotations.exports.schema.COLUMNS``.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from annotations.exports.cells import parse_row, shown
from annotations.exports.consistency import check_consistency
from annotations.exports.schema import COLUMNS, Column, ColumnType, LabelFileError
from annotations.exports.spreadsheet import unguard_cell
from annotations.metrics.labels import LabelRow, LabelTable

CSV_SUFFIXES = (".csv",)
JSONL_SUFFIXES = (".jsonl", ".ndjson")


def read_labels(path: Path) -> LabelTable:
    """Read and check a whole label file.

    Args:
        path: file ending in .csv, .jsonl or .ndjson, UTF-8.

    Returns:
        The rows as columns, in file order.

    Raises:
        LabelFileError: unreadable file, missing column, bad cell, or rows that contradict each other.
    """
    row_numbers: list[int] = []

    def labels() -> Iterator[LabelRow]:
        for row, label in iterate_labels(path):
            row_numbers.append(row)
            yield label

    table = LabelTable.from_rows(labels())
    check_consistency(table, np.array(row_numbers, dtype=np.int64), file=path.name)
    return table


def iterate_labels(path: Path) -> Iterator[tuple[int, LabelRow]]:
    """Yield (row number, row), each row checked by itself, in constant memory.

    Raises:
        LabelFileError: as ``read_labels``, but for contradictions between rows.
    """
    suffix = path.suffix.lower()
    if suffix not in CSV_SUFFIXES + JSONL_SUFFIXES:
        endings = ", ".join(CSV_SUFFIXES + JSONL_SUFFIXES)
        raise LabelFileError(path.name, f"unknown kind of file; the name must end in one of: {endings}")
    cells = _csv_cells(path) if suffix in CSV_SUFFIXES else _jsonl_cells(path)
    row = 0
    try:
        for row, values in cells:
            yield row, parse_row(values, file=path.name, row=row)
    except OSError as error:
        raise LabelFileError(path.name, f"cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise LabelFileError(path.name, f"not UTF-8 text, somewhere after row {row}") from error


def _csv_cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.reader(handle, strict=True)
        row = 0
        positions: list[int | None] = []
        width = 0
        try:
            for row, record in enumerate(reader, start=1):
                if row == 1:
                    positions, width = _positions(record, path.name), len(record)
                elif record:
                    if len(record) != width:
                        problem = f"{len(record)} cells where the header has {width}"
                        raise LabelFileError(path.name, problem, row=row)
                    yield (
                        row,
                        [
                            _csv_cell(column, at, record)
                            for column, at in zip(COLUMNS, positions, strict=True)
                        ],
                    )
        except csv.Error as error:
            raise LabelFileError(path.name, f"broken CSV: {error}", row=row + 1) from error
        if row == 0:
            raise LabelFileError(path.name, "empty file; a header row is needed")


def _positions(header: list[str], file: str) -> list[int | None]:
    repeated = sorted({name for name in header if header.count(name) > 1 and name})
    if repeated:
        raise LabelFileError(file, f"column named twice: {', '.join(repeated)}", row=1)
    missing = [column.name for column in COLUMNS if column.absent_value is None and column.name not in header]
    if missing:
        raise LabelFileError(file, f"missing columns: {', '.join(missing)}", row=1)
    return [header.index(column.name) if column.name in header else None for column in COLUMNS]


def _csv_cell(column: Column, position: int | None, record: list[str]) -> str:
    if position is None:
        return column.absent_value or ""
    cell = record[position]
    return unguard_cell(cell) if column.type is ColumnType.TEXT else cell


def _jsonl_cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    with path.open(encoding="utf-8-sig", newline="\n") as handle:
        for row, line in enumerate(handle, start=1):
            if line.strip():
                entry = _json_object(line, path.name, row)
                yield row, [_json_cell(column, entry, path.name, row) for column in COLUMNS]


def _json_object(line: str, file: str, row: int) -> dict[str, Any]:
    try:
        entry = json.loads(line, parse_constant=_reject_constant)
    except (ValueError, RecursionError) as error:
        raise LabelFileError(file, f"not a JSON value: {error}", row=row) from error
    if not isinstance(entry, dict):
        raise LabelFileError(file, f"a JSON {type(entry).__name__} where an object is needed", row=row)
    return entry


def _json_cell(column: Column, entry: dict[str, Any], file: str, row: int) -> str:
    if column.name not in entry:
        if column.absent_value is None:
            raise LabelFileError(file, "missing", row=row, column=column.name)
        return column.absent_value
    value = entry[column.name]
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return repr(value)
    problem = f"{shown(json.dumps(value))} is not allowed; allowed: {column.allowed}"
    raise LabelFileError(file, problem, row=row, column=column.name)


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
