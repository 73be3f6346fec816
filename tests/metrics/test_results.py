"""The numbers of a whole study: by hand, in the printed shape, and untouched by what must not count."""

import json
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.metrics.labels import Answer, LabelRow, LabelTable, Question, RaterKind
from annotations.metrics.results import Contrast, study_results
from tests.metrics.label_rows import aligns, covers, judged, small_study, vote


def printed(rows: list[LabelRow], **declared) -> str:
    return json.dumps(study_results(LabelTable.from_rows(rows), **declared).as_dict(), allow_nan=False)


def contrast(rows: list[LabelRow], **declared) -> dict:
    (entry,) = json.loads(printed(rows, **declared))["contrasts"]
    return entry


def test_small_study_by_hand():
    entry = contrast(small_study())
    assert (entry["test_system"], entry["baseline_system"], entry["rater_kind"]) == ("P4LM", "SFT", "human")
    # WWL WTL WWS: 5 W, 2 L, 1 T, 1 skip: eq. 11 gives 5 / 8.
    precision = entry["precision"]
    assert precision["win_rate"] == 5 / 8
    assert (precision["n"], precision["wins"], precision["losses"], precision["ties"]) == (8, 5, 2, 1)
    assert precision["skips"] == 1
    # Items 1 (W W L) and 3 (W W) won; item 2 (W T L) level: majority 2 / 3.
    assert precision["majority"]["win_rate"] == 2 / 3
    # Test covered by raters 1 and 2: 6; baseline by rater 1 everywhere and rater 3 on items 1, 2: 5.
    cover = entry["coverage"]
    assert (cover["covered_test"], cover["covered_baseline"], cover["n"]) == (6, 5, 9)
    assert cover["pcov"] == pytest.approx(1 / 5)
    # Both covered for rater 1 only: W W L: 2 / 3; one rater only, which is said.
    assert entry["prioritization"]["win_rate"] == 2 / 3
    assert entry["prioritization"]["n"] == 3
    assert entry["prioritization"]["interval_note"].startswith("one rater")
    # Never asked.
    assert entry["appeal"]["win_rate"] is None
    assert entry["appeal"]["interval"] is None
    assert entry["appeal"]["reason"] == "no votes"
    for name in ("precision", "coverage"):
        low, high = entry[name]["interval"]
        assert low < entry[name].get("win_rate", entry[name].get("pcov")) < high


def test_golden_numbers():
    # Frozen from this code once its parts had been checked by hand and against naive solvers: a change of any
    # digit is a change of published numbers and must be deliberate.
    rng = random.Random(20261123)
    rows: list[LabelRow] = []
    for item in range(24):
        for rater in rng.sample(range(8), 3):
            ids = judged(item, rater)
            rows.append(vote(rng.choice([Answer.TEST, Answer.TEST, Answer.BASELINE, Answer.TIE]), **ids))
            test, baseline = rng.random() < 0.6, rng.random() < 0.5
            rows.append(covers(test, baseline, **ids))
            if test and baseline:
                rows.append(aligns(rng.choice([Answer.TEST, Answer.BASELINE]), **ids))
    entry = contrast(rows)
    assert {key: entry["precision"][key] for key in ("wins", "losses", "ties")} == GOLDEN_COUNTS
    for name, (value, low, high) in GOLDEN.items():
        assert entry[name].get("win_rate", entry[name].get("pcov")) == pytest.approx(value, abs=1e-6)
        assert entry[name]["interval"] == pytest.approx([low, high], abs=1e-6)


GOLDEN_COUNTS = {"wins": 37, "losses": 19, "ties": 16}
GOLDEN = {
    "precision": (37 / 72, 0.33613443, 0.68819800),
    "prioritization": (8 / 17, 0.19364849, 0.76690361),
    "coverage": (-5 / 41, -0.30777651, 0.11375831),
}


@given(st.randoms(use_true_random=False))
def test_order_of_rows_changes_no_byte(shuffler):
    rows = [*small_study(), vote(Answer.TIE, question=Question.OVERALL, **judged(2, 2))]
    shuffled = list(rows)
    shuffler.shuffle(shuffled)
    assert printed(shuffled) == printed(rows)


@pytest.mark.parametrize("mark", ["is_gold", "is_surplus", "is_excluded", "is_repeat"])
def test_marked_rows_never_count(mark):
    rows = small_study()
    ids = judged(1, 9)
    marked = [
        vote(Answer.BASELINE, **ids),
        covers(False, True, **ids),
        covers(True, True, attribute_id="m2", **ids),
        aligns(Answer.BASELINE, attribute_id="m2", **ids),
    ]
    flagged = [row._replace(**{mark: True}) for row in marked]
    plain, with_marked = json.loads(printed(rows)), json.loads(printed(rows + flagged))
    assert with_marked["contrasts"] == plain["contrasts"]
    assert with_marked["rows"][mark.removeprefix("is_")] == 4
    # The guard is real: the same rows unmarked do change the numbers.
    assert json.loads(printed(rows + marked))["contrasts"] != plain["contrasts"]
    again = [row._replace(assignment_id="another") for row in flagged]
    assert json.loads(printed(rows + flagged + again))["contrasts"] == plain["contrasts"]


def test_kinds_of_rater_are_never_mixed():
    humans = small_study()
    bots = [
        row._replace(
            rater_kind=RaterKind.BOT, rater_id=f"bot-{row.rater_id}", assignment_id=f"b{row.assignment_id}"
        )
        for row in humans
        if row.answer is not Answer.TIE
    ]
    judge = vote(Answer.TIE, **judged(1, 77, rater_kind=RaterKind.AI))
    together = json.loads(printed([*humans, *bots, judge]))
    assert together["rater_kind"] == "human"
    assert together["contrasts"] == json.loads(printed(humans))["contrasts"]
    assert set(together["other_rater_kinds"]) == {"bot", "ai"}
    assert together["other_rater_kinds"]["bot"]["contrasts"] == json.loads(printed(bots))["contrasts"]
    alone = json.loads(printed(bots))
    assert alone["rater_kind"] == "bot"
    assert alone["contrasts"][0]["rater_kind"] == "bot"
    assert alone["other_rater_kinds"] == {}


def test_swapping_systems_flips_the_win_rate_without_ties():
    rows = [row for row in small_study() if row.answer is not Answer.TIE]
    other = {Answer.TEST: Answer.BASELINE, Answer.BASELINE: Answer.TEST}
    swapped = [
        row._replace(
            test_system=row.baseline_system,
            baseline_system=row.test_system,
            answer=other.get(row.answer, row.answer),
            covers_test=row.covers_baseline,
            covers_baseline=row.covers_test,
        )
        for row in rows
    ]
    straight, flipped = contrast(rows), contrast(swapped)
    for name in ("precision", "prioritization"):
        assert flipped[name]["win_rate"] == pytest.approx(1 - straight[name]["win_rate"])
        low, high = straight[name]["interval"]
        assert flipped[name]["interval"] == pytest.approx([1 - high, 1 - low])
    assert 1 + flipped["coverage"]["pcov"] == pytest.approx(1 / (1 + straight["coverage"]["pcov"]))


def test_declared_contrasts_and_exclusions():
    rows = small_study()
    second = [
        row._replace(
            test_system="SFT-Text",
            comparison_id=f"t{row.comparison_id}",
            assignment_id=f"t{row.assignment_id}",
        )
        for row in rows
    ]
    found = json.loads(printed(rows + second))["contrasts"]
    assert [entry["test_system"] for entry in found] == ["P4LM", "SFT-Text"]
    declared = [Contrast("SFT-Text", "SFT"), Contrast("PaLM", "SFT")]
    reported = json.loads(printed(rows + second, contrasts=declared))["contrasts"]
    assert [entry["test_system"] for entry in reported] == ["SFT-Text", "PaLM"]
    assert reported[1]["precision"]["reason"] == "no votes"
    assert reported[1]["coverage"]["pcov"] is None

    without = json.loads(printed(rows, excluded_raters=["r3"], excluded_comparisons=["c2"]))
    # Raters 1 and 2 on items 1 and 3: W W, W W.
    assert without["contrasts"][0]["precision"]["wins"] == 4
    assert without["contrasts"][0]["precision"]["n"] == 4
    assert without["rows"]["excluded_by_manifest"] == sum(
        row.rater_id == "r3" or row.comparison_id == "c2" for row in rows
    )


def test_prioritization_needs_the_raters_own_coverage():
    rows = [
        covers(True, True, **judged(1, 1)),
        covers(True, False, **judged(1, 2)),
        aligns(Answer.TEST, **judged(1, 1)),
        aligns(Answer.BASELINE, **judged(1, 2)),
    ]
    entry = contrast(rows)["prioritization"]
    assert (entry["n"], entry["wins"]) == (1, 1)


def test_no_rows_at_all():
    empty = json.loads(printed([]))
    assert empty["contrasts"] == []
    assert empty["study"] is None


def test_columns_are_coded_by_sorted_name():
    table = LabelTable.from_rows([vote(Answer.TEST, **judged(item, 1)) for item in (3, 1, 2)])
    assert table.item.names == ("i1", "i2", "i3")
    assert table.item.codes.tolist() == [2, 0, 1]
    assert table.covers_test.tolist() == [-1, -1, -1]
    kept = table.rows(table.item.codes[:2])
    assert kept.item.names == ("i2", "i3")
    assert math.isclose(kept.duration_s[0], 12.5)
