"""Eq. 11 and the forms beside it against counts worked by hand, and what must leave them unchanged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.metrics.votes import Outcome, VoteTable
from annotations.metrics.win_rate import NO_DECIDED_VOTES, NO_VOTES, win_rate

W, L, T, B = Outcome.TEST, Outcome.BASELINE, Outcome.TIE, Outcome.BOTH_BAD


def table(rows: list[tuple[int, int, Outcome]], skips: int = 0) -> VoteTable:
    """Votes from (item, rater, outcome), one comparison per item."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return VoteTable(columns[:, 0], columns[:, 1], columns[:, 0], columns[:, 2], skips)


votes_strategy = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 4), st.sampled_from(list(Outcome))), min_size=1, max_size=40
)


def test_counts_by_hand():
    # 10 votes: 5 for test, 2 for baseline, 2 ties, 1 both bad; 3 skips are no votes.
    rows = [(k, k % 3, outcome) for k, outcome in enumerate([W, W, W, W, W, L, L, T, T, B])]
    rate = win_rate(table(rows, skips=3))
    assert (rate.wins, rate.losses, rate.ties, rate.both_bad, rate.skips) == (5, 2, 2, 1, 3)
    assert rate.strict.value == 0.5  # eq. 11: 5 / 10
    assert rate.strict.n == 10
    assert rate.half_tie.value == 0.65  # (5 + (2 + 1) / 2) / 10
    assert rate.decided.value == pytest.approx(5 / 7)
    assert rate.decided.n == 7


def test_majority_by_hand():
    # item 0: W W L -> won. item 1: W T B -> undecided leads 2 to 1 -> tied. item 2: W L -> level -> tied.
    # item 3: L L T -> lost. item 4: W -> won. Eq. 11 over comparisons: 2 / 5.
    outcomes = {0: [W, W, L], 1: [W, T, B], 2: [W, L], 3: [L, L, T], 4: [W]}
    rate = win_rate(table([(item, rater, o) for item, os in outcomes.items() for rater, o in enumerate(os)]))
    assert (rate.majority.wins, rate.majority.losses, rate.majority.ties) == (2, 1, 2)
    assert rate.majority.as_dict()["win_rate"] == 0.4


def test_no_votes_is_undefined_with_a_reason():
    entry = win_rate(table([], skips=2)).as_dict()
    assert entry["win_rate"] is None
    assert entry["interval"] is None
    assert entry["n"] == 0
    assert entry["reason"] == NO_VOTES
    assert entry["skips"] == 2
    assert entry["majority"]["reason"] == NO_VOTES


def test_only_ties_is_zero_but_decided_is_undefined():
    rate = win_rate(table([(0, 0, T), (1, 1, T), (2, 0, B)]))
    assert rate.strict.value == 0.0
    assert rate.strict.interval is not None
    assert rate.decided.value is None
    assert rate.decided.reason == NO_DECIDED_VOTES
    assert rate.half_tie.interval is not None
    assert rate.half_tie.interval.low < 0.5 < rate.half_tie.interval.high


def test_wrong_outcome_is_refused():
    with pytest.raises(ValueError, match="outcome: 4"):
        VoteTable(np.array([0]), np.array([0]), np.array([0]), np.array([4]))
    with pytest.raises(ValueError, match="rater: 1 rows where 2"):
        VoteTable(np.array([0, 1]), np.array([0]), np.array([0, 1]), np.array([0, 1]))
    with pytest.raises(ValueError, match="item: expected a one-dimensional integer"):
        VoteTable(np.array([0.5]), np.array([0]), np.array([0]), np.array([0]))


@given(votes_strategy, st.randoms(use_true_random=False))
def test_order_of_votes_changes_nothing(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert win_rate(table(rows)).as_dict() == win_rate(table(shuffled)).as_dict()


@given(votes_strategy)
def test_swapping_sides_flips_half_tie_and_decided(rows):
    straight, swapped = win_rate(table(rows)), win_rate(table(rows).swapped())
    assert (straight.wins, straight.losses) == (swapped.losses, swapped.wins)
    assert swapped.half_tie.value == pytest.approx(1 - straight.half_tie.value)
    if straight.decided.value is not None:
        assert swapped.decided.value == pytest.approx(1 - straight.decided.value)
    if straight.decided.interval is not None:
        assert swapped.decided.interval.low == pytest.approx(1 - straight.decided.interval.high)
        assert swapped.decided.interval.p_value == pytest.approx(straight.decided.interval.p_value)


@given(votes_strategy)
def test_intervals_hold_their_estimate_and_keep_width(rows):
    rate = win_rate(table(rows))
    for form in (rate.strict, rate.half_tie, rate.decided):
        if form.interval is not None:
            assert 0 <= form.interval.low <= form.value <= form.interval.high <= 1
            assert form.interval.high - form.interval.low > 1e-3


@given(votes_strategy)
def test_test_and_interval_agree(rows):
    interval = win_rate(table(rows)).decided.interval
    if interval is not None and abs(interval.p_value - 0.05) > 1e-9:
        assert (interval.p_value < 0.05) == (not interval.low <= 0.5 <= interval.high)
