"""docs/labels.md says what the schema says: its table of columns is the schema's, row by row."""

import json
from pathlib import Path

from annotations.exports.manifest import Manifest
from annotations.exports.schema import COLUMNS, Column
from annotations.exports.spreadsheet import FORMULA_STARTS
from annotations.metrics.labels import LabelTable
from annotations.metrics.results import study_results
from tests.metrics.label_rows import small_study

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "labels.md").read_text(encoding="utf-8")


def documented(column: Column) -> str:
    absent = "not allowed" if column.absent_value is None else f"`{column.absent_value}`"
    return f"| `{column.name}` | {column.type} | {column.allowed} | {absent} | {column.meaning} |"


def test_every_column_is_documented_as_it_is():
    lines = PAGE.splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("| column |")) + 2
    table = lines[start : start + len(COLUMNS) + 1]
    assert table == [*map(documented, COLUMNS), ""]


def test_every_manifest_field_is_documented():
    section = PAGE.split("## The manifest")[1].split("## ")[0]
    assert [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")] == list(
        Manifest.model_fields
    )


def test_every_printed_key_is_documented():
    section = PAGE.split("## What `analyze --json` prints")[1]

    def keys(value) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*map(keys, value.values()))
        return set().union(*map(keys, value)) if isinstance(value, list) else set()

    printed = keys(json.loads(json.dumps(study_results(LabelTable.from_rows(small_study())).as_dict())))
    assert {key for key in printed if f"`{key}`" not in section} == set()


def test_the_rule_for_formulas_names_every_character():
    assert set("=+-@\t\r") == FORMULA_STARTS
    rule = PAGE.split("## Text cells in spreadsheets")[1].split("## ")[0]
    assert all(f"`{character}`" in rule for character in "=+-@")
    assert "tab" in rule
    assert "carriage return" in rule
