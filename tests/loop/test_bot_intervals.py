"""Intervals hold the bots' true effects in the demo's study: real plan, bots, labels and numbers."""

from collections import Counter

import numpy as np
import pytest

from annotations.assignment.plan import PlannedComparison, make_plan
from annotations.bots.rater_model import Effects
from annotations.metrics.labels import Question
from benchmarks.bot_intervals import (
    ASSIGNMENTS_PER_BOT,
    ATTRIBUTES,
    BOTS,
    COMPARISONS,
    FIRST_SEED,
    QUESTIONS,
    REDUNDANCY,
    SETTINGS,
    Found,
    find_intervals,
    hand_out,
    judge_study,
    true_effects,
)

# Fixed before the first run. One standard error of a share of 95 % is 1.5 points here.
SEEDS = range(FIRST_SEED, FIRST_SEED + 200)
ALIKE, DIFFERING = SETTINGS[0], SETTINGS[1]


@pytest.fixture(scope="module", params=[ALIKE, DIFFERING], ids=["alike", "differing"])
def found(request) -> Found:
    """Every interval of 200 studies whose bots are all alike, or differ by 0.5 logits, as the items do."""
    return find_intervals(request.param, SEEDS)


def test_intervals_hold_the_true_effects(found):
    shares = found.shares(DIFFERING.effects)
    assert list(shares) == list(QUESTIONS)
    assert all(0.92 <= share <= 0.98 for share in shares.values()), shares


def test_intervals_a_third_narrower_would_not(found):
    # The same studies and bounds: what this file asserts can tell 70 % of the width from all of it.
    shares = found.narrowed(0.7).shares(DIFFERING.effects)
    assert max(shares.values()) < 0.92, shares
    assert found.narrowed(1.0).shares(DIFFERING.effects) == found.shares(DIFFERING.effects)


def test_estimates_are_centred_on_the_true_effects(found):
    truth = np.array(list(true_effects(DIFFERING.effects).values()))
    error = found.estimate.std(axis=0) / np.sqrt(len(SEEDS))
    assert np.all(np.abs(found.estimate.mean(axis=0) - truth) < 3.5 * error)


def test_truths_by_hand():
    effects = Effects(precision=0.8, prioritization=0.6, covers_test=0.7, covers_baseline=0.5)
    assert true_effects(effects) == {
        "precision": 0.8,
        "appeal": 0.5,
        "overall": 0.5,
        "prioritization": 0.6,
        "pcov": pytest.approx(0.4),
    }


def test_a_study_is_filled_as_the_product_would():
    comparisons = [PlannedComparison(number, contrast=0) for number in range(1, COMPARISONS + 1)]
    plan = make_plan(comparisons, redundancy=REDUNDANCY, seed=5)
    given = list(hand_out(plan, BOTS, ASSIGNMENTS_PER_BOT, seed=5))
    assert {slot for slot, _ in given} <= set(plan)
    assert len({slot for slot, _ in given}) == len(given) >= COMPARISONS * REDUNDANCY - 2
    assert len({(slot.comparison, bot) for slot, bot in given}) == len(given), "nobody judges one twice"
    assert max(Counter(bot for _, bot in given).values()) <= ASSIGNMENTS_PER_BOT
    first = next(slot for slot, bot in given if bot == 0)
    # The first bot in finds all slots open: it gets the one that follows its start key most closely.
    assert [slot for slot, _ in hand_out(plan, 1, 1, seed=5)] == [first]
    # Too few bots for the work: each stops at its quota.
    assert len(list(hand_out(plan, 3, ASSIGNMENTS_PER_BOT, seed=5))) == 3 * ASSIGNMENTS_PER_BOT


def test_label_rows_are_those_of_every_answer():
    labels = judge_study(DIFFERING, 1)
    rows = Counter(labels.question.names[code] for code in labels.question.codes.tolist())
    assert rows[Question.PRECISION] == rows[Question.APPEAL] == rows[Question.OVERALL]
    assert rows[Question.COVERAGE] == ATTRIBUTES * rows[Question.PRECISION]
    both = int(((labels.covers_test == 1) & (labels.covers_baseline == 1)).sum())
    assert rows[Question.PRIORITIZATION] == both
