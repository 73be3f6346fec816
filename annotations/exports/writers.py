"""Write label rows as CSV or JSON Lines, one line at a time, so that a file of any length needs no memory."""

import csv
import json
from collections.abc import Iterable, Iterator

from annotations.exports.schema import COLUMN_NAMES, COLUMNS, ColumnType
from annotations.exports.spreadsheet import guard_cell
from annotations.metrics.labels import LabelRow

_IS_TEXT = tuple(column.type is ColumnType.TEXT for column in COLUMNS)


def csv_lines(rows: Iterable[LabelRow]) -> Iterator[str]:
    """Yield the header and one CSV record (RFC 4180, CRLF) per row, safe to open in a spreadsheet.

    Reading the lines back with ``annotations.exports.readers`` gives the same rows.
    """
    record = _Record()
    writer = csv.writer(record)
    writer.writerow(COLUMN_NAMES)
    yield record.text
    for row in rows:
        writer.writerow([_csv_cell(value, text) for value, text in zip(row, _IS_TEXT, strict=True)])
        yield record.text


def jsonl_lines(rows: Iterable[LabelRow]) -> Iterator[str]:
    """Yield one JSON object per row, ending in a line feed; empty cells of typed columns are null."""
    for row in rows:
        yield json.dumps(row._asdict(), ensure_ascii=False, allow_nan=False) + "\n"


class _Record:
    """A file of one record, which is all that csv.writer needs."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text = text
        return len(text)


def _csv_cell(value: str | float | bool | None, is_text: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | int):
        return repr(value)
    return guard_cell(value) if is_text else str(value)
