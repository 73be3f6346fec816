"""Label files: written and read back unchanged, whatever the texts; refused with row, column and value."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotations.exports.readers import iterate_labels, read_labels
from annotations.exports.schema import COLUMN_NAMES, COLUMNS, LabelFileError
from annotations.exports.spreadsheet import guard_cell, unguard_cell
from annotations.exports.writers import csv_lines, jsonl_lines
from annotations.metrics.labels import Answer, LabelRow, Question, RaterKind
from annotations.metrics.results import study_results
from tests.metrics.label_rows import PLAIN, aligns, covers, small_study, vote

# Anything a catalogue or a platform may send, and what breaks files: quotes, line ends, formulas,
# apostrophes, separators that some readers take for line ends, text beyond the basic plane.
hostile_text = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.text(st.sampled_from("=+-@\t\r\n'\",;|\x00\x85\u2028\ufeff\U0001f3ac a"), max_size=8),
    st.sampled_from(['=HYPERLINK("http://x")', "'=1+1", "''@a", "-5", "NULL", "nan", "true", "\r\n", "'"]),
)
filled_text = hostile_text.filter(bool)


@st.composite
def label_rows(draw: st.DrawFn) -> LabelRow:
    question = draw(st.sampled_from(list(Question)))
    is_coverage = question is Question.COVERAGE
    about_attribute = is_coverage or question is Question.PRIORITIZATION
    test_system = draw(filled_text)
    flag = st.booleans()
    return LabelRow(
        study=draw(filled_text),
        comparison_id=draw(filled_text),
        item_id=draw(filled_text),
        viewer_id=draw(hostile_text),
        test_system=test_system,
        baseline_system=draw(filled_text.filter(lambda name: name != test_system)),
        rater_id=draw(filled_text),
        rater_kind=draw(st.sampled_from(list(RaterKind))),
        assignment_id=draw(filled_text),
        position_of_test=draw(st.sampled_from("AB")),
        question=question,
        attribute_id=draw(filled_text) if about_attribute else "",
        attribute_text=draw(hostile_text),
        answer=None if is_coverage else draw(st.sampled_from(list(Answer))),
        covers_test=draw(flag) if is_coverage else None,
        covers_baseline=draw(flag) if is_coverage else None,
        is_gold=draw(flag),
        is_surplus=draw(flag),
        is_excluded=draw(flag),
        is_repeat=draw(flag),
        duration_s=draw(st.none() | st.floats(0, 1e9)),
        submitted_at=draw(st.just("") | st.datetimes().map(lambda moment: moment.isoformat())),
    )


def write(path: Path, rows: list[LabelRow]) -> Path:
    lines = csv_lines(rows) if path.suffix == ".csv" else jsonl_lines(rows)
    with path.open("w", encoding="utf-8", newline="") as handle:
        handle.writelines(lines)
    return path


def read(path: Path) -> list[LabelRow]:
    return [label for _, label in iterate_labels(path)]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rows=st.lists(label_rows(), max_size=4))
def test_written_rows_come_back(tmp_path, suffix, rows):
    assert read(write(tmp_path / f"labels{suffix}", rows)) == rows


@given(hostile_text)
def test_cells_are_safe_in_a_spreadsheet_and_come_back(text):
    cell = guard_cell(text)
    assert cell[:1] not in ("=", "+", "-", "@", "\t", "\r")
    assert unguard_cell(cell) == text


def test_guarded_cells_by_hand():
    assert [guard_cell(text) for text in ("=1", "-a", "'=1", "'a", "a=1", "")] == [
        "'=1",
        "'-a",
        "''=1",
        "'a",
        "a=1",
        "",
    ]


@settings(deadline=None)
@given(rows=st.lists(label_rows(), max_size=4))
def test_no_csv_cell_starts_a_formula(rows):
    for record in csv.reader(io.StringIO("".join(csv_lines(rows)), newline="")):
        assert not any(cell[:1] in ("=", "+", "-", "@", "\t", "\r") for cell in record if cell)


def test_both_formats_give_the_same_numbers(tmp_path):
    rows = small_study()
    files = [write(tmp_path / name, rows) for name in ("a.csv", "b.jsonl")]
    of_csv, of_jsonl = (json.dumps(study_results(read_labels(path)).as_dict()) for path in files)
    assert of_csv == of_jsonl


def test_columns_are_those_of_a_row():
    assert tuple(column.name for column in COLUMNS) == COLUMN_NAMES


def test_optional_columns_may_be_absent_and_unknown_ones_present(tmp_path):
    dropped = {"rater_kind", "is_repeat"}
    entries = [
        {key: value for key, value in row._asdict().items() if key not in dropped}
        | {"note": "kept elsewhere"}
        for row in small_study()
    ]
    path = tmp_path / "labels.jsonl"
    path.write_text("\n\n".join(json.dumps(entry) for entry in entries), encoding="utf-8")
    assert {(row.rater_kind, row.is_repeat) for row in read(path)} == {(RaterKind.HUMAN, False)}


def test_spreadsheet_habits_are_understood(tmp_path):
    # A byte order mark, upper-case booleans, an empty last line, columns moved: as after "save as CSV".
    records = list(csv.reader(io.StringIO("".join(csv_lines([covers(True, False)])), newline="")))
    text = "".join(
        ",".join(reversed([cell.upper() if cell in ("true", "false") else cell for cell in r])) + "\n"
        for r in records
    )
    path = tmp_path / "labels.CSV"
    path.write_text("\ufeff" + text + "\n", encoding="utf-8")
    assert read(path) == [covers(True, False)]


BAD_CELLS = [
    ("answer", "yes", "'yes' is not allowed; allowed: test, baseline, tie, both_bad, skip, or empty"),
    ("answer", "", "empty, but question precision needs it; allowed: test, baseline, tie, both_bad, skip"),
    ("question", "fluency", "'fluency' is not allowed; allowed: precision, appeal, coverage"),
    ("rater_kind", "robot", "'robot' is not allowed; allowed: human, ai, bot"),
    ("position_of_test", "left", "'left' is not allowed; allowed: A, B"),
    ("covers_test", "true", "'true' where question precision has none; allowed: empty"),
    ("attribute_id", "m1", "'m1' where question precision has none; allowed: empty"),
    ("is_gold", "1", "'1' is not allowed; allowed: true, false"),
    ("is_gold", "", "empty; allowed: true, false"),
    ("duration_s", "-3", "'-3' is not allowed; allowed: a number of seconds, 0 or more, or empty"),
    ("duration_s", "inf", "'inf' is not allowed"),
    ("submitted_at", "yesterday", "'yesterday' is not allowed; allowed: an ISO 8601 date and time"),
    ("rater_id", "", "empty; allowed: text"),
    ("baseline_system", "P4LM", "'P4LM' is also the test_system"),
]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize(("column", "value", "message"), BAD_CELLS)
def test_bad_cells_are_named(tmp_path, suffix, column, value, message):
    first = json.loads(next(jsonl_lines([PLAIN])))
    entries = [first, first | {"assignment_id": "a2", "rater_id": "r2", column: value}]
    path = tmp_path / f"labels{suffix}"
    if suffix == ".csv":
        with path.open("w", newline="") as handle:
            writer = csv.DictWriter(handle, COLUMN_NAMES)
            writer.writeheader()
            writer.writerows(
                {k: str(v).lower() if isinstance(v, bool) else v for k, v in e.items()} for e in entries
            )
    else:
        path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    with pytest.raises(LabelFileError) as caught:
        read_labels(path)
    row = 3 if suffix == ".csv" else 2
    assert (caught.value.file, caught.value.row, caught.value.column) == (path.name, row, column)
    assert str(caught.value).startswith(f"{path.name}, row {row}, column {column}: {message}")


BAD_FILES = {
    "labels.txt": (b"", "unknown kind of file"),
    "empty.csv": (b"", "empty file; a header row is needed"),
    "header.csv": (b"study,answer\n", "row 1: missing columns: comparison_id, item_id"),
    "twice.csv": (b"study,study\n", "row 1: column named twice: study"),
    "ragged.csv": ("".join(csv_lines([])).encode() + b"a,b\r\n", "row 2: 2 cells where the header has 22"),
    "latin.csv": ("".join(csv_lines([])).encode() + b"\xe9,b\r\n", "not UTF-8 text"),
    "quote.csv": ("".join(csv_lines([])).encode() + b'"open', "row 2: broken CSV"),
    "list.jsonl": (b"[1, 2]\n", "row 1: a JSON list where an object is needed"),
    "broken.jsonl": (b"\n{", "row 2: not a JSON value"),
    "nan.jsonl": (b'{"duration_s": NaN}', "row 1: not a JSON value: NaN is not JSON"),
    "deep.jsonl": (b"[" * 100_000, "row 1: not a JSON value"),
    "missing.jsonl": (b"{}", "row 1, column study: missing"),
    "nested.jsonl": (b'{"study": {"name": "x"}}', 'row 1, column study: \'{"name": "x"}\' is not allowed'),
}


@pytest.mark.parametrize("name", sorted(BAD_FILES))
def test_bad_files_are_named(tmp_path, name):
    content, message = BAD_FILES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LabelFileError) as caught:
        read_labels(tmp_path / name)
    assert message in str(caught.value)
    assert str(caught.value).startswith(name)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(LabelFileError, match=r"absent\.csv: cannot be read: No such file"):
        read_labels(tmp_path / "absent.csv")


CONTRADICTIONS = {
    "duplicate": (
        [vote(Answer.TEST), vote(Answer.TIE)],
        "row 2, column assignment_id: 'a1' with question precision stands in row 1 already",
    ),
    "duplicate attribute": (
        [covers(True, True), covers(True, True, "m2"), covers(False, True, "m2")],
        "row 3, column assignment_id: 'a1' with question coverage and attribute_id 'm2' stands in row 2",
    ),
    "prioritization without coverage": (
        [covers(True, True, "m2"), aligns(Answer.TEST, "m1")],
        "row 2, column question: prioritization of attribute_id 'm1' without a coverage row",
    ),
    "prioritization where one covers": (
        [aligns(Answer.TEST), covers(True, False)],
        "row 1, column question: prioritization of attribute_id 'm1' without a coverage row",
    ),
    "two items": (
        [vote(Answer.TEST), vote(Answer.TEST, assignment_id="a2", item_id="i2")],
        "row 2, column item_id: 'i2' for comparison_id 'c1', which has 'i1' in row 1",
    ),
    "two raters": (
        [vote(Answer.TEST), vote(Answer.TEST, Question.APPEAL, rater_id="r2")],
        "row 2, column rater_id: 'r2' for assignment_id 'a1', which has 'r1' in row 1",
    ),
    "two kinds": (
        [vote(Answer.TEST), vote(Answer.TEST, assignment_id="a2", rater_kind=RaterKind.BOT)],
        "row 2, column rater_kind: 'bot' for rater_id 'r1', which has 'human' in row 1",
    ),
}


@pytest.mark.parametrize("name", sorted(CONTRADICTIONS))
def test_contradictions_between_rows_are_named(tmp_path, name):
    rows, message = CONTRADICTIONS[name]
    path = write(tmp_path / "labels.jsonl", rows)
    with pytest.raises(LabelFileError) as caught:
        read_labels(path)
    assert message in str(caught.value)


def test_reading_is_streamed(tmp_path):
    path = tmp_path / "labels.jsonl"
    path.write_text("".join(jsonl_lines([PLAIN])) + "{broken\n")
    rows = iterate_labels(path)
    assert next(rows) == (1, PLAIN)
    with pytest.raises(LabelFileError, match="row 2"):
        next(rows)
