"""The label rows of a study: what each answer becomes."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotations.metrics.labels import Answer, Question
from annotations.queries.labels import label_rows
from tests.study_data import make_study

pytestmark = pytest.mark.django_db


def by_question(rows):
    return {
        (row.question.value, row.attribute_text): (
            row.answer.value if row.answer else (row.covers_test, row.covers_baseline)
        )
        for row in rows
    }


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (
            "A",
            {
                ("precision", ""): "test",
                ("appeal", ""): "baseline",
                ("coverage", "Likes thing 0."): (True, True),
                ("prioritization", "Likes thing 0."): "baseline",
                ("coverage", "Likes thing 1."): (True, False),
                ("overall", ""): "tie",
            },
        ),
        (
            "B",
            {
                ("precision", ""): "baseline",
                ("appeal", ""): "test",
                ("coverage", "Likes thing 0."): (True, True),
                ("prioritization", "Likes thing 0."): "test",
                ("coverage", "Likes thing 1."): (False, True),
                ("overall", ""): "tie",
            },
        ),
    ],
)
def test_answers_are_mapped_by_the_recorded_order(position, expected):
    data = make_study()
    attributes = [(True, True, "B"), (True, False, None)]
    data.judge("ann", 0, position, precision="A", appeal="B", overall="tie", attributes=attributes)
    rows = list(label_rows(data.study.pk))
    assert by_question(rows) == expected
    # The order of the form.
    assert [row.question for row in rows] == [
        Question.PRECISION,
        Question.APPEAL,
        Question.COVERAGE,
        Question.PRIORITIZATION,
        Question.COVERAGE,
        Question.OVERALL,
    ]


def test_a_row_says_all_there_is_to_say_of_an_answer():
    data = make_study()
    assignment = data.judge("ann", 1, "B", precision="B", duration_s=41.5)
    (row,) = label_rows(data.study.pk)
    assert row._asdict() == {
        "study": "films",
        "comparison_id": "2",
        "item_id": "i1",
        "viewer_id": "v1",
        "test_system": "p4lm",
        "baseline_system": "sft",
        "rater_id": str(data.raters["ann"].rater.public_id),
        "rater_kind": "human",
        "assignment_id": str(assignment.public_id),
        "position_of_test": "B",
        "question": "precision",
        "attribute_id": "",
        "attribute_text": "",
        "answer": "test",
        "covers_test": None,
        "covers_baseline": None,
        "is_gold": False,
        "is_surplus": False,
        "is_excluded": False,
        "is_repeat": False,
        "duration_s": 41.5,
        "submitted_at": "2026-11-23T12:00:41.500000+00:00",
    }


def test_attributes_keep_their_ids_across_raters_and_order():
    data = make_study()
    for rater, position in (("ann", "A"), ("bob", "B")):
        data.judge(rater, 0, position, attributes=[(True, False, None), (False, False, None)])
    wanted = [str(sampled.attribute_id) for sampled in data.attributes[0]]
    assert [row.attribute_id for row in label_rows(data.study.pk)] == wanted * 2


def test_only_the_latest_revision_is_a_label_and_its_time_is_all_the_time_taken():
    data = make_study()
    assignment = data.judge("ann", 0, precision="A", attributes=[(True, True, "A")], duration_s=30)
    data.revise(assignment, precision="skip", attributes=[(False, True, None)], duration_s=5)
    rows = list(label_rows(data.study.pk))
    assert by_question(rows) == {
        ("precision", ""): "skip",
        ("coverage", "Likes thing 0."): (False, True),
    }
    assert {row.duration_s for row in rows} == {35.0}


def test_what_counts_in_no_metric_is_there_and_marked():
    data = make_study(gold=[2])
    data.judge("ann", 0, precision="A", status="surplus")
    data.judge("ann", 1, precision="A")
    data.enrol("bob", is_excluded=True, exclusion_reason="answered at random")
    data.judge("bob", 0, precision="A")
    data.enrol("cid", kind="bot")
    data.judge("cid", 0, precision="both_bad")
    data.judge("cid", 0, "B", precision="A", is_repeat=True)
    rows = list(label_rows(data.study.pk))
    assert [
        (row.is_gold, row.is_surplus, row.is_excluded, row.is_repeat, row.rater_kind.value, row.answer)
        for row in rows
    ] == [
        (False, True, False, False, "human", Answer.TEST),
        (True, False, False, False, "human", Answer.TEST),
        (False, False, True, False, "human", Answer.TEST),
        (False, False, False, False, "bot", Answer.BOTH_BAD),
        (False, False, False, True, "bot", Answer.BASELINE),
    ]


def test_other_studies_and_unanswered_assignments_have_no_rows():
    data, other = make_study(), make_study("other")
    other.judge("ann", 0, precision="A")
    held = data.judge("bob", 0, precision="A")
    type(held).objects.filter(pk=held.pk).update(status="expired", submitted_at=None)
    assert list(label_rows(data.study.pk)) == []


@pytest.mark.parametrize("raters", [1, 3])
def test_one_query_whatever_the_size(raters):
    data = make_study()
    for rater in range(raters):
        for comparison in range(3):
            data.judge(
                f"r{rater}", comparison, precision="A", attributes=[(True, True, "A"), (True, False, None)]
            )
    with CaptureQueriesContext(connection) as queries:
        rows = list(label_rows(data.study.pk))
    assert len(rows) == raters * 3 * 4
    # A cursor on the server; inside the test's transaction, the iterator's own is a savepoint.
    assert [query["sql"].split()[0] for query in queries if "SAVEPOINT" not in query["sql"]] == ["DECLARE"]
