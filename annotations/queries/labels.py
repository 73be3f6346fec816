"""The label rows of a study: one per assignment, question and attribute, streamed in constant memory."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC
from typing import Any

from django.db import connection, transaction

from annotations.metrics.labels import Answer, LabelRow, Question, RaterKind

ROWS_PER_FETCH = 2000

# One row a judgment, its attribute answers folded into an array: a tenth of the rows that leave here as
# labels cross the wire. The order is that of assignment ids, which the study index delivers without a sort
# of the wide rows, so that the first row of a large study comes at once.
_JUDGMENTS = """
SELECT
    study.name, comparison.number, item.external_id, viewer.external_id, test.name, baseline.name,
    rater.public_id::text, rater.kind, assignment.public_id::text, assignment.position_of_test,
    comparison.is_gold, assignment.status = 'surplus', enrolment.is_excluded, assignment.is_repeat,
    CASE WHEN judgment.revision = 0 THEN judgment.duration_s ELSE (
        SELECT sum(earlier.duration_s) FROM annotations_judgment earlier
        WHERE earlier.assignment_id = assignment.id
    ) END,
    assignment.submitted_at, judgment.precision, judgment.appeal, judgment.overall,
    (
        SELECT json_agg(json_build_array(
            sampled.attribute_id::text, sampled.text, answer.covers_a, answer.covers_b, answer.aligns
        ) ORDER BY sampled.position)
        FROM annotations_attributeanswer answer
        JOIN annotations_sampledattribute sampled ON sampled.id = answer.sampled_attribute_id
        WHERE answer.judgment_id = judgment.id
    )
FROM annotations_assignment assignment
JOIN annotations_judgment judgment ON judgment.assignment_id = assignment.id AND judgment.is_latest
JOIN annotations_study study ON study.id = assignment.study_id
JOIN annotations_comparison comparison ON comparison.id = assignment.comparison_id
JOIN annotations_contrast contrast ON contrast.id = comparison.contrast_id
JOIN annotations_system test ON test.id = contrast.test_system_id
JOIN annotations_system baseline ON baseline.id = contrast.baseline_system_id
JOIN annotations_item item ON item.id = comparison.item_id
JOIN annotations_viewer viewer ON viewer.id = comparison.viewer_id
JOIN annotations_enrolment enrolment ON enrolment.id = assignment.enrolment_id
JOIN annotations_rater rater ON rater.id = enrolment.rater_id
WHERE assignment.study_id = %s AND assignment.status IN ('submitted', 'surplus')
ORDER BY assignment.id
"""

_PAIRWISE_BEFORE = (Question.PRECISION, Question.APPEAL)


def label_rows(study_id: int) -> Iterator[LabelRow]:
    """Every answer of the latest revision of each judgment, in the order of assignments and of the form.

    Answers are mapped from A and B to test and baseline by the order recorded when the comparison was
    shown; a skipped question is a row with answer skip; a question switched off has no row; prioritization
    has rows only where both were covered. Raters appear by their pseudonym.

    One query, through a server-side cursor: memory does not grow with the study. The iterator holds a
    transaction while it is being read.
    """
    with transaction.atomic(), closing(connection.chunked_cursor()) as cursor:
        cursor.itersize = ROWS_PER_FETCH
        cursor.execute(_JUDGMENTS, [study_id])
        while judgments := cursor.fetchmany(ROWS_PER_FETCH):
            for judgment in judgments:
                yield from labels_of(judgment)


def labels_of(judgment: tuple[Any, ...]) -> Iterator[LabelRow]:
    """The label rows of one judgment, given as the columns of ``_JUDGMENTS``, in the order of the form."""
    (study, number, item, viewer, test, baseline, rater, rater_kind, assignment, position_of_test,
     is_gold, is_surplus, is_excluded, is_repeat, duration_s, submitted_at,
     precision, appeal, overall, attributes) = judgment  # fmt: skip
    plain = LabelRow(
        study=study,
        comparison_id=str(number),
        item_id=item,
        viewer_id=viewer,
        test_system=test,
        baseline_system=baseline,
        rater_id=rater,
        rater_kind=RaterKind(rater_kind),
        assignment_id=assignment,
        position_of_test=position_of_test,
        question=Question.OVERALL,
        attribute_id="",
        attribute_text="",
        answer=None,
        covers_test=None,
        covers_baseline=None,
        is_gold=is_gold,
        is_surplus=is_surplus,
        is_excluded=is_excluded,
        is_repeat=is_repeat,
        duration_s=duration_s,
        submitted_at=submitted_at.astimezone(UTC).isoformat(),
    )
    for question, choice in zip(_PAIRWISE_BEFORE, (precision, appeal), strict=True):
        if choice is not None:
            yield plain._replace(question=question, answer=_seen_from_test(choice, position_of_test))
    for attribute_id, text, covers_a, covers_b, aligns in attributes or ():
        about = plain._replace(attribute_id=attribute_id, attribute_text=text)
        covers_test, covers_baseline = (
            (covers_a, covers_b) if position_of_test == "A" else (covers_b, covers_a)
        )
        yield about._replace(
            question=Question.COVERAGE, covers_test=covers_test, covers_baseline=covers_baseline
        )
        if aligns is not None:
            yield about._replace(
                question=Question.PRIORITIZATION, answer=_seen_from_test(aligns, position_of_test)
            )
    if overall is not None:
        yield plain._replace(answer=_seen_from_test(overall, position_of_test))


def _seen_from_test(choice: str, position_of_test: str) -> Answer:
    """The answer in terms of systems: ``choice`` is A, B, or one that both orders share."""
    if choice in ("A", "B"):
        return Answer.TEST if choice == position_of_test else Answer.BASELINE
    return Answer(choice)
