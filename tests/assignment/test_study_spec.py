"""Reading a specification: what is wrong is named by file and field."""

import re
from pathlib import Path

import pytest

from annotations.assignment.spec import PairRef, PairSelection, StudySpec
from annotations.imports.study_spec import StudySpecError, parse_study_spec, read_study_spec
from tests.docs.pages import first_cells

MINIMAL = """
name: first
title: Which is better?
catalogue: films
purpose: collect
baseline: plain
tests: [tailored]
"""
DOCS = Path(__file__).resolve().parents[2] / "docs" / "study_spec.md"


def problem(extra: str, text: str = MINIMAL) -> str:
    with pytest.raises(StudySpecError) as caught:
        parse_study_spec(text + extra, source="spec.yaml")
    return str(caught.value)


def test_defaults() -> None:
    spec = parse_study_spec(MINIMAL, source="spec.yaml")
    assert spec.questions == ("precision", "appeal", "coverage", "prioritization", "overall")
    assert (spec.redundancy, spec.attributes_per_comparison, spec.lease_s, spec.seed) == (3, 3, 1800, 0)
    assert spec.blinded_until_close
    assert (spec.ties, spec.both_bad, spec.skip) == (False, False, False)
    assert spec.pairs == PairSelection()
    assert spec.wanted_split == "collect"


def test_pairs_as_a_list_take_numbers_for_ids() -> None:
    spec = parse_study_spec(MINIMAL + "pairs: [{viewer: 19, item: '1208'}]", source="spec.yaml")
    assert spec.pairs == (PairRef(viewer="19", item="1208"),)


def test_questions_are_put_into_the_order_of_the_form() -> None:
    spec = parse_study_spec(MINIMAL + "questions: [overall, appeal]", source="spec.yaml")
    assert spec.questions == ("appeal", "overall")


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("colour: red", "spec.yaml: colour: is not a field of a study specification"),
        ("redundancy: 0", "spec.yaml: redundancy: Input should be greater than or equal to 1"),
        ("questions: [beauty]", "spec.yaml: questions.0: Input should be 'precision'"),
        (
            "questions: [prioritization]",
            "spec.yaml: questions: prioritization is asked only where both cover",
        ),
        ("questions: []", "spec.yaml: questions: at least one question must be asked"),
        ("attributes_per_comparison: 0", "the coverage question needs at least 1"),
        ("pairs: {split: train}", "spec.yaml: pairs.split: Input should be 'collect' or 'test'"),
        ("pairs: {split: test}", "uses the 'collect' split, not 'test'"),
        ("pairs: []", "spec.yaml: pairs: the list of pairs is empty"),
        ("pairs: [{viewer: a}]", "spec.yaml: pairs.0.item: Field required"),
        ("pairs: [{viewer: a, item: b}, {viewer: a, item: b}]", "viewer a, item b is listed twice"),
        ("lease_s: 5", "spec.yaml: lease_s: Input should be greater than or equal to 60"),
    ],
)
def test_a_wrong_field_is_named(extra: str, message: str) -> None:
    assert message in problem(extra)


def test_the_purpose_must_be_stated() -> None:
    assert "spec.yaml: purpose: Field required" in problem("", MINIMAL.replace("purpose: collect", ""))


def test_a_system_is_not_compared_with_itself() -> None:
    assert "'plain' is the baseline" in problem("", MINIMAL.replace("[tailored]", "[tailored, plain]"))
    assert "named twice" in problem("", MINIMAL.replace("[tailored]", "[tailored, tailored]"))


def test_every_problem_is_reported_at_once() -> None:
    assert len(problem("redundancy: 0\nlease_s: 1\ncolour: red").splitlines()) == 3


def test_what_is_not_a_specification(tmp_path: Path) -> None:
    assert "spec.yaml: line 2, column" in problem("", "name: a\n  b: [")
    assert "must be a mapping of fields" in problem("", "- just\n- a list")
    with pytest.raises(StudySpecError, match=r"nowhere\.yaml: cannot be read: No such file"):
        read_study_spec(tmp_path / "nowhere.yaml")
    (tmp_path / "latin.yaml").write_bytes("title: Café".encode("latin-1"))
    with pytest.raises(StudySpecError, match="not UTF-8"):
        read_study_spec(tmp_path / "latin.yaml")


def test_yaml_cannot_make_objects() -> None:
    assert "could not determine a constructor" in problem("", "name: !!python/object/apply:os.getcwd []")


def test_the_documentation_names_every_field_and_its_example_is_valid() -> None:
    text = DOCS.read_text(encoding="utf-8")
    documented = set(first_cells(text, "field"))
    assert documented == set(StudySpec.model_fields)
    for name in (*PairSelection.model_fields, *PairRef.model_fields):
        assert f"`{name}`" in text
    examples = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert len(examples) >= 2
    for example in examples:
        parse_study_spec(example, source="study_spec.md")
    for name, field in StudySpec.model_fields.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
        if isinstance(field.default, bool | int):
            assert f"`{str(field.default).lower()}`" in row, row
