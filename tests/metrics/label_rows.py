"""Label rows for tests: one assignment at a time, everything not under test at a plain default."""

from typing import Any

from annotations.metrics.labels import Answer, LabelRow, Question, RaterKind

PLAIN = LabelRow(
    study="films",
    comparison_id="c1",
    item_id="i1",
    viewer_id="v1",
    test_system="P4LM",
    baseline_system="SFT",
    rater_id="r1",
    rater_kind=RaterKind.HUMAN,
    assignment_id="a1",
    position_of_test="A",
    question=Question.PRECISION,
    attribute_id="",
    attribute_text="",
    answer=Answer.TEST,
    covers_test=None,
    covers_baseline=None,
    is_gold=False,
    is_surplus=False,
    is_excluded=False,
    is_repeat=False,
    duration_s=12.5,
    submitted_at="2026-11-23T12:00:00+00:00",
)


def vote(answer: Answer, question: Question = Question.PRECISION, **fields: Any) -> LabelRow:
    """A row of a pairwise question."""
    return PLAIN._replace(question=question, answer=answer, **fields)


def covers(test: bool, baseline: bool, attribute_id: str = "m1", **fields: Any) -> LabelRow:
    """A row of the coverage question."""
    return PLAIN._replace(
        question=Question.COVERAGE,
        answer=None,
        covers_test=test,
        covers_baseline=baseline,
        attribute_id=attribute_id,
        attribute_text="They enjoy heists.",
        **fields,
    )


def aligns(answer: Answer, attribute_id: str = "m1", **fields: Any) -> LabelRow:
    """A row of the prioritization question."""
    return vote(answer, Question.PRIORITIZATION, attribute_id=attribute_id, **fields)


def judged(item: int, rater: int, **fields: Any) -> dict[str, Any]:
    """Ids of the assignment in which a rater judges the one comparison of an item."""
    ids = {"comparison_id": f"c{item}", "item_id": f"i{item}", "rater_id": f"r{rater}"}
    return ids | {"assignment_id": f"a{item}-{rater}"} | fields


def small_study() -> list[LabelRow]:
    """Three items, three raters, everyone judges everything; counted by hand in ``test_results``.

    Precision by item (rows) and rater (columns), W test, L baseline, T tie, S skip:
        W W L
        W T L
        W W S
    Coverage of attribute m1 (test, baseline): rater 1 always (yes, yes), rater 2 (yes, no), rater 3 (no, yes)
    on items 1 and 2 and (no, no) on item 3. Rater 1, who alone finds both covering, prefers W, W, L.
    """
    answers = {"W": Answer.TEST, "L": Answer.BASELINE, "T": Answer.TIE, "S": Answer.SKIP}
    rows = []
    for item, line in enumerate(["WWL", "WTL", "WWS"], start=1):
        for rater, letter in enumerate(line, start=1):
            rows.append(vote(answers[letter], **judged(item, rater)))
        rows.append(covers(True, True, **judged(item, 1)))
        rows.append(covers(True, False, **judged(item, 2)))
        rows.append(covers(False, item != 3, **judged(item, 3)))
        rows.append(aligns(answers["WWL"[item - 1]], **judged(item, 1)))
    return rows
