"""Checked conversion of a label file's cells to a ``LabelRow``: one value, then one row, at a time."""

import math
from collections.abc import Callable, Sequence
from datetime import datetime

from annotations.exports.schema import COLUMNS, Column, ColumnType, LabelFileError
from annotations.metrics.labels import Answer, LabelRow, Question, RaterKind

CellValue = str | float | bool | RaterKind | Question | Answer

_QUESTIONS_ABOUT_ATTRIBUTES = (Question.COVERAGE, Question.PRIORITIZATION)
_SHOWN_CHARACTERS = 80
_BY_NAME = {column.name: column for column in COLUMNS}
_INDEX = {column.name: index for index, column in enumerate(COLUMNS)}


def parse_row(cells: Sequence[str], *, file: str, row: int) -> LabelRow:
    """Turn the cells of one row, in the order of ``COLUMNS``, into a typed row.

    Args:
        cells: text per column; "" for an empty cell.
        file, row: named in errors.

    Raises:
        LabelFileError: a cell, or the combination of cells, is not allowed.
    """
    values = [_parse_cell(column, cell, file, row) for column, cell in zip(COLUMNS, cells, strict=True)]
    label = LabelRow(*values)  # type: ignore[arg-type]  # COLUMNS and LabelRow share order and types (tested)
    if label.test_system == label.baseline_system:
        problem = (
            f"{shown(label.baseline_system)} is also the test_system; a contrast has two different systems"
        )
        raise LabelFileError(file, problem, row=row, column="baseline_system")
    is_coverage = label.question is Question.COVERAGE
    _require(is_coverage, label.covers_test is not None, "covers_test", cells, label.question, file, row)
    _require(
        is_coverage, label.covers_baseline is not None, "covers_baseline", cells, label.question, file, row
    )
    _require(not is_coverage, label.answer is not None, "answer", cells, label.question, file, row)
    about_attribute = label.question in _QUESTIONS_ABOUT_ATTRIBUTES
    _require(about_attribute, bool(label.attribute_id), "attribute_id", cells, label.question, file, row)
    return label


def shown(value: str) -> str:
    """A value quoted for an error message: escaped and cut to a readable length."""
    return repr(value if len(value) <= _SHOWN_CHARACTERS else value[:_SHOWN_CHARACTERS] + "…")


def _require(
    wanted: bool, filled: bool, name: str, cells: Sequence[str], question: Question, file: str, row: int
) -> None:
    if wanted and not filled:
        column = _BY_NAME[name]
        choices = ", ".join(column.choices) or "text"
        problem = f"empty, but question {question} needs it; allowed: {choices}"
        raise LabelFileError(file, problem, row=row, column=name)
    if filled and not wanted:
        problem = f"{shown(cells[_INDEX[name]])} where question {question} has none; allowed: empty"
        raise LabelFileError(file, problem, row=row, column=name)


def _parse_cell(column: Column, cell: str, file: str, row: int) -> CellValue | None:
    if cell == "":
        if not column.may_be_empty:
            raise LabelFileError(file, f"empty; allowed: {column.allowed}", row=row, column=column.name)
        return _EMPTY[column.name]
    parsed = _PARSERS[column.name](cell)
    if parsed is None:
        problem = f"{shown(cell)} is not allowed; allowed: {column.allowed}"
        raise LabelFileError(file, problem, row=row, column=column.name)
    return parsed


def _parse_text(cell: str) -> str | None:
    return cell


def _parse_boolean(cell: str) -> bool | None:
    # Spreadsheets rewrite true as TRUE when a file is saved again.
    return {"true": True, "false": False}.get(cell.lower())


def _parse_seconds(cell: str) -> float | None:
    try:
        seconds = float(cell)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _parse_timestamp(cell: str) -> str | None:
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return None
    return cell


_CHOICE_VALUES: dict[str, dict[str, CellValue]] = {
    "rater_kind": {kind.value: kind for kind in RaterKind},
    "question": {question.value: question for question in Question},
    "answer": {answer.value: answer for answer in Answer},
    "position_of_test": {"A": "A", "B": "B"},
}
_Parser = Callable[[str], CellValue | None]
_OF_TYPE: dict[ColumnType, _Parser] = {
    ColumnType.TEXT: _parse_text,
    ColumnType.BOOLEAN: _parse_boolean,
    ColumnType.NUMBER: _parse_seconds,
    ColumnType.TIMESTAMP: _parse_timestamp,
}
_PARSERS: dict[str, _Parser] = {
    column.name: _CHOICE_VALUES[column.name].get
    if column.type is ColumnType.CHOICE
    else _OF_TYPE[column.type]
    for column in COLUMNS
}
_EMPTY = {
    column.name: "" if column.type in (ColumnType.TEXT, ColumnType.TIMESTAMP) else None for column in COLUMNS
}
