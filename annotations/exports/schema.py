"""The columns of a label file: names, types, allowed values and meaning, as data.

A label file has one row per assignment, question and attribute. ``docs/labels.md`` is the same table in prose
(a test holds the two together); ``annotations.exports.readers`` and ``writers`` are driven by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from annotations.metrics.labels import Answer, LabelRow, Question, RaterKind


class ColumnType(StrEnum):
    """How a cell is written."""

    TEXT = "text"
    CHOICE = "choice"
    BOOLEAN = "boolean"
    NUMBER = "number"
    TIMESTAMP = "timestamp"


BOOLEANS = ("true", "false")


@dataclass(frozen=True)
class Column:
    """One column of a label file.

    Attributes:
        name: header in CSV, key in JSON Lines.
        type: how cells are written.
        meaning: one sentence for the data dictionary.
        choices: the allowed values of a choice or boolean column.
        may_be_empty: an empty cell (CSV) or null (JSON Lines) is allowed; when it must be is in ``meaning``.
        absent_value: value of every row when the file has no such column; None if the column is needed.
    """

    name: str
    type: ColumnType
    meaning: str
    choices: tuple[str, ...] = ()
    may_be_empty: bool = False
    absent_value: str | None = None

    @property
    def allowed(self) -> str:
        """What a cell may hold, in words."""
        if self.choices:
            words = ", ".join(self.choices)
        else:
            words = {
                ColumnType.TEXT: "text",
                ColumnType.NUMBER: "a number of seconds, 0 or more",
                ColumnType.TIMESTAMP: "an ISO 8601 date and time",
            }[self.type]
        return f"{words}, or empty" if self.may_be_empty else words


def _text(name: str, meaning: str, *, may_be_empty: bool = False) -> Column:
    return Column(name, ColumnType.TEXT, meaning, may_be_empty=may_be_empty)


def _choice(
    name: str,
    values: Sequence[str],
    meaning: str,
    *,
    may_be_empty: bool = False,
    absent_value: str | None = None,
) -> Column:
    return Column(name, ColumnType.CHOICE, meaning, tuple(values), may_be_empty, absent_value)


def _boolean(
    name: str, meaning: str, *, may_be_empty: bool = False, absent_value: str | None = None
) -> Column:
    return Column(name, ColumnType.BOOLEAN, meaning, BOOLEANS, may_be_empty, absent_value)


COLUMNS: tuple[Column, ...] = (
    _text("study", "Name of the study."),
    _text("comparison_id", "The comparison: one item, one viewer, two endorsements."),
    _text("item_id", "The recommended item; intervals treat items as sampled."),
    _text("viewer_id", "The viewer the item is recommended to.", may_be_empty=True),
    _text("test_system", "System that wrote the test side's endorsement."),
    _text("baseline_system", "System that wrote the baseline side's endorsement."),
    _text("rater_id", "Pseudonym of the rater; intervals treat raters as sampled."),
    _choice(
        "rater_kind", list(RaterKind), "Who judged; numbers never mix kinds.", absent_value=RaterKind.HUMAN
    ),
    _text("assignment_id", "One rater's turn at one comparison; its answers share this id."),
    _choice("position_of_test", ["A", "B"], "Where the test side's endorsement stood on the page."),
    _choice("question", list(Question), "The question answered."),
    _text(
        "attribute_id",
        "The viewer's attribute asked about; filled for coverage and prioritization, empty otherwise.",
        may_be_empty=True,
    ),
    _text("attribute_text", "The attribute as the rater read it.", may_be_empty=True),
    _choice(
        "answer",
        list(Answer),
        "The side preferred, or skip if the rater skipped; empty for coverage, filled otherwise.",
        may_be_empty=True,
    ),
    _boolean(
        "covers_test",
        "The rater found the attribute covered by the test side; filled for coverage, empty otherwise.",
        may_be_empty=True,
    ),
    _boolean(
        "covers_baseline",
        "The rater found the attribute covered by the baseline side; filled for coverage, empty otherwise.",
        may_be_empty=True,
    ),
    _boolean("is_gold", "Answer to a gold comparison with a known answer; counts in no metric."),
    _boolean("is_surplus", "Submitted after its slot was filled by another; counts in no metric."),
    _boolean("is_excluded", "Left out by a logged decision of an admin; counts in no metric."),
    _boolean(
        "is_repeat",
        "Planned second showing to the same rater in the other order; counts in no metric.",
        absent_value="false",
    ),
    Column(
        "duration_s",
        ColumnType.NUMBER,
        "Seconds the rater took for the whole assignment; empty if not recorded.",
        may_be_empty=True,
    ),
    Column(
        "submitted_at",
        ColumnType.TIMESTAMP,
        "When the assignment was submitted; empty if not recorded.",
        may_be_empty=True,
    ),
)

COLUMN_NAMES: tuple[str, ...] = LabelRow._fields


class LabelFileError(ValueError):
    """A label file that cannot be used; the message names file, row, column, value and what is allowed."""

    def __init__(self, file: str, problem: str, *, row: int | None = None, column: str | None = None) -> None:
        self.file, self.row, self.column, self.problem = file, row, column, problem
        place = file
        if row is not None:
            place += f", row {row}"
        if column is not None:
            place += f", column {column}"
        super().__init__(f"{place}: {problem}")
