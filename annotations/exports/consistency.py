"""Checks that need more than one row of a label file: duplicates, contradictions, missing partners."""

import numpy as np

from annotations.exports.cells import shown
from annotations.exports.schema import LabelFileError
from annotations.metrics.labels import Coded, LabelTable, Question
from annotations.metrics.prioritization import rows_where_both_cover
from annotations.metrics.votes import Codes


def check_consistency(labels: LabelTable, row_numbers: Codes, *, file: str) -> None:
    """Raise unless the rows of a file fit together.

    One row per (assignment, question, attribute); a comparison has one item, viewer and contrast; an
    assignment one comparison, rater and order; a rater one kind; and a prioritization answer stands beside
    the same assignment's coverage answer that both sides cover the attribute.

    Args:
        labels: the rows in file order.
        row_numbers: int64 [n], the row of the file each came from.
        file: named in errors.

    Raises:
        LabelFileError: naming the first row that does not fit.
    """
    _check_duplicates(labels, row_numbers, file)
    of_comparison = {
        "item_id": labels.item,
        "viewer_id": labels.viewer,
        "test_system": labels.test_system,
        "baseline_system": labels.baseline_system,
    }
    of_assignment = {
        "comparison_id": labels.comparison,
        "rater_id": labels.rater,
        "position_of_test": labels.position_of_test,
    }
    for column, values in of_comparison.items():
        _check_single(labels, "comparison_id", labels.comparison, column, values, row_numbers, file)
    for column, values in of_assignment.items():
        _check_single(labels, "assignment_id", labels.assignment, column, values, row_numbers, file)
    _check_single(labels, "rater_id", labels.rater, "rater_kind", labels.rater_kind, row_numbers, file)
    _check_prioritization(labels, row_numbers, file)


def _within_study(labels: LabelTable, column: Coded) -> Codes:
    """Ids are unique within a study only."""
    return column.codes * len(labels.study.names) + labels.study.codes


def _check_duplicates(labels: LabelTable, row_numbers: Codes, file: str) -> None:
    keys = np.stack([_within_study(labels, labels.assignment), labels.question.codes, labels.attribute.codes])
    order = np.lexsort(keys)  # stable: equal keys stay in file order
    same = np.all(keys[:, order[1:]] == keys[:, order[:-1]], axis=0)
    if not same.any():
        return
    second = int(order[1:][same].min())
    first = int(np.flatnonzero(np.all(keys == keys[:, [second]], axis=0))[0])
    name = labels.assignment.names[labels.assignment.codes[second]]
    question = labels.question.names[labels.question.codes[second]]
    attribute = labels.attribute.names[labels.attribute.codes[second]]
    about = f" and attribute_id {shown(attribute)}" if attribute else ""
    problem = (
        f"{shown(name)} with question {question}{about} stands in row {row_numbers[first]} already; "
        "allowed: one row per assignment_id, question and attribute_id"
    )
    raise LabelFileError(file, problem, row=int(row_numbers[second]), column="assignment_id")


def _check_single(
    labels: LabelTable,
    owner_name: str,
    owner: Coded,
    column: str,
    values: Coded,
    row_numbers: Codes,
    file: str,
) -> None:
    _, first, group = np.unique(_within_study(labels, owner), return_index=True, return_inverse=True)
    differs = np.flatnonzero(values.codes != values.codes[first[group]])
    if len(differs):
        row = int(differs[0])
        earlier = int(first[group[row]])
        problem = (
            f"{shown(values.names[values.codes[row]])} for {owner_name} "
            f"{shown(owner.names[owner.codes[row]])}, "
            f"which has {shown(values.names[values.codes[earlier]])} in row {row_numbers[earlier]}; "
            f"allowed: one {column} per {owner_name}"
        )
        raise LabelFileError(file, problem, row=int(row_numbers[row]), column=column)


def _check_prioritization(labels: LabelTable, row_numbers: Codes, file: str) -> None:
    votes = np.flatnonzero(labels.question.equals(Question.PRIORITIZATION))
    answers = np.flatnonzero(labels.question.equals(Question.COVERAGE))
    both = (labels.covers_test[answers] == 1) & (labels.covers_baseline[answers] == 1)
    assignment, attribute = _within_study(labels, labels.assignment), labels.attribute.codes
    matched = rows_where_both_cover(
        assignment[votes], attribute[votes], assignment[answers], attribute[answers], both
    )
    if not matched.all():
        row = int(votes[~matched][0])
        name = labels.assignment.names[labels.assignment.codes[row]]
        problem = (
            f"prioritization of attribute_id {shown(labels.attribute.names[labels.attribute.codes[row]])} "
            f"without a coverage row of assignment_id {shown(name)} in which both sides cover it"
        )
        raise LabelFileError(file, problem, row=int(row_numbers[row]), column="question")
