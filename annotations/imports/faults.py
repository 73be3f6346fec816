"""What was wrong with the rows of an import: counted by kind, with the first examples."""

from collections import Counter
from typing import Any

EXAMPLES_PER_KIND = 3


class ImportFileError(ValueError):
    """The file cannot be used at all; the message names it and says why. Nothing was written."""


class Faults:
    """Rows that were skipped. A kind is a file, a field and a problem; examples name row and value."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}

    def add(self, file: str, row: int, field: str, problem: str, value: object = None) -> None:
        """Count a skipped row. ``problem`` is one of a few fixed phrases; ``value`` is what stood there."""
        kind = f"{file}: {field} {problem}" if field else f"{file}: {problem}"
        self._counts[kind] += 1
        if self._counts[kind] <= EXAMPLES_PER_KIND:
            shown = "" if value is None else f" {_shortened(value)}"
            place = f"{file} row {row}: {field}{shown}" if field else f"{file} row {row}{shown}:"
            self._examples.setdefault(kind, []).append(f"{place} {problem}")

    @property
    def total(self) -> int:
        return sum(self._counts.values())

    def lines(self) -> list[str]:
        """For people: each kind with its count, below it the first examples."""
        lines = []
        for kind, count in self._counts.most_common():
            lines.append(f"skipped {count:,}: {kind}")
            lines.extend(f"  for example {example}" for example in self._examples[kind])
        return lines

    def as_json(self) -> dict[str, Any]:
        return {
            "total": self.total,
            "kinds": [
                {"kind": kind, "rows": count, "examples": self._examples[kind]}
                for kind, count in self._counts.most_common()
            ],
        }


def _shortened(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:56]}…{shown[-1]}"
