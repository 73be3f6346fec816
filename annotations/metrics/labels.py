"""Preference labels as columns: what a label file or the database holds, ready for the metrics.

Names (systems, raters, items, ...) become integer codes that number the sorted distinct names, so that the
codes, and everything computed from them, depend on the rows and not on their order.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from annotations.metrics.votes import Codes, Flags, Values


class Question(StrEnum):
    """The five questions of the form (paper Fig. 8 and 9)."""

    PRECISION = "precision"
    APPEAL = "appeal"
    COVERAGE = "coverage"
    PRIORITIZATION = "prioritization"
    OVERALL = "overall"


class Answer(StrEnum):
    """Answer to a pairwise question, seen from the test system; coverage answers have none."""

    TEST = "test"
    BASELINE = "baseline"
    TIE = "tie"
    BOTH_BAD = "both_bad"
    SKIP = "skip"


class RaterKind(StrEnum):
    """Who judged; numbers never mix kinds."""

    HUMAN = "human"
    AI = "ai"
    BOT = "bot"


class LabelRow(NamedTuple):
    """One answer: one assignment, question and attribute. Field names are the label file's columns.

    ``answer`` is None for coverage; ``covers_*`` are None for every other question; ``attribute_id`` is ""
    for questions that are not about an attribute; ``duration_s`` is in seconds, None if not recorded;
    ``submitted_at`` is ISO 8601 text, "" if not recorded.
    """

    study: str
    comparison_id: str
    item_id: str
    viewer_id: str
    test_system: str
    baseline_system: str
    rater_id: str
    rater_kind: RaterKind
    assignment_id: str
    position_of_test: str
    question: Question
    attribute_id: str
    attribute_text: str
    answer: Answer | None
    covers_test: bool | None
    covers_baseline: bool | None
    is_gold: bool
    is_surplus: bool
    is_excluded: bool
    is_repeat: bool
    duration_s: float | None
    submitted_at: str


@dataclass(frozen=True)
class Coded:
    """A column of names: ``names[codes[k]]`` is the k-th; names are distinct and sorted.

    Attributes:
        codes: int64 [n].
        names: the distinct names.
    """

    codes: Codes
    names: tuple[str, ...]

    def equals(self, name: str) -> Flags:
        """bool [n]: rows with this name; all False for a name that does not occur."""
        return np.isin(self.codes, [k for k, known in enumerate(self.names) if known == name])

    def among(self, wanted: Iterable[str]) -> Flags:
        """bool [n]: rows whose name is one of ``wanted``."""
        names = set(wanted)
        return np.isin(self.codes, [k for k, known in enumerate(self.names) if known in names])


@dataclass(frozen=True)
class LabelTable:
    """Label rows as columns, in the order they came.

    Attributes:
        study ... answer: ``Coded`` columns; "" stands for an empty cell.
        covers_test, covers_baseline: int8 [n]; 1 yes, 0 no, -1 empty.
        is_gold, is_surplus, is_excluded, is_repeat: bool [n].
        duration_s: float64 [n], seconds, NaN where not recorded.
    """

    study: Coded
    comparison: Coded
    item: Coded
    viewer: Coded
    test_system: Coded
    baseline_system: Coded
    rater: Coded
    rater_kind: Coded
    assignment: Coded
    position_of_test: Coded
    question: Coded
    attribute: Coded
    answer: Coded
    covers_test: NDArray[np.int8]
    covers_baseline: NDArray[np.int8]
    is_gold: Flags
    is_surplus: Flags
    is_excluded: Flags
    is_repeat: Flags
    duration_s: Values

    def __len__(self) -> int:
        return len(self.is_gold)

    @classmethod
    def from_rows(cls, rows: Iterable[LabelRow]) -> "LabelTable":
        """Read rows once, keeping about 180 bytes of each plus the distinct names."""
        builder = _Builder()
        for row in rows:
            builder.add(row)
        return builder.table()

    def rows(self, index: Codes) -> "LabelTable":
        """The rows at ``index`` (int64 positions); names that no longer occur leave the columns."""

        def taken(column: Coded | NDArray[np.generic]) -> Coded | NDArray[np.generic]:
            if not isinstance(column, Coded):
                return column[index]
            used, codes = np.unique(column.codes[index], return_inverse=True)
            return Coded(codes.astype(np.int64), tuple(column.names[code] for code in used.tolist()))

        return LabelTable(**{field.name: taken(getattr(self, field.name)) for field in fields(self)})  # type: ignore[arg-type]


class _Builder:
    """Grows the columns; ``array`` keeps a million rows compact while their number is unknown."""

    _CODED = (
        "study",
        "comparison",
        "item",
        "viewer",
        "test_system",
        "baseline_system",
        "rater",
        "rater_kind",
        "assignment",
        "position_of_test",
        "question",
        "attribute",
        "answer",
    )

    def __init__(self) -> None:
        self._codes = [array("q") for _ in self._CODED]
        self._known: list[dict[str, int]] = [{} for _ in self._CODED]
        self._covers = array("b"), array("b")
        self._flags = tuple(array("b") for _ in range(4))
        self._duration_s = array("d")

    def add(self, row: LabelRow) -> None:
        names = (
            row.study,
            row.comparison_id,
            row.item_id,
            row.viewer_id,
            row.test_system,
            row.baseline_system,
            row.rater_id,
            row.rater_kind.value,
            row.assignment_id,
            row.position_of_test,
            row.question.value,
            row.attribute_id,
            "" if row.answer is None else row.answer.value,
        )
        for name, codes, known in zip(names, self._codes, self._known, strict=True):
            codes.append(known.setdefault(name, len(known)))
        for covers, column in zip((row.covers_test, row.covers_baseline), self._covers, strict=True):
            column.append(-1 if covers is None else int(covers))
        flags = (row.is_gold, row.is_surplus, row.is_excluded, row.is_repeat)
        for flag, column in zip(flags, self._flags, strict=True):
            column.append(flag)
        self._duration_s.append(float("nan") if row.duration_s is None else row.duration_s)

    def table(self) -> LabelTable:
        coded = {
            name: _sorted_codes(codes, known)
            for name, codes, known in zip(self._CODED, self._codes, self._known, strict=True)
        }
        covers_test, covers_baseline = (np.array(column, dtype=np.int8) for column in self._covers)
        gold, surplus, excluded, repeat = (np.array(column, dtype=np.bool_) for column in self._flags)
        return LabelTable(
            **coded,
            covers_test=covers_test,
            covers_baseline=covers_baseline,
            is_gold=gold,
            is_surplus=surplus,
            is_excluded=excluded,
            is_repeat=repeat,
            duration_s=np.array(self._duration_s, dtype=np.float64),
        )


def _sorted_codes(arrival_codes: "array[int]", known: dict[str, int]) -> Coded:
    names = tuple(sorted(known))
    rank = np.empty(len(names), dtype=np.int64)
    rank[[known[name] for name in names]] = np.arange(len(names))
    return Coded(rank[np.array(arrival_codes, dtype=np.int64)], names)
