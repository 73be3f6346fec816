"""The randomization plan: balance, determinism, hash."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.assignment.plan import (
    PlanError,
    PlannedComparison,
    PlannedSlot,
    draw_key,
    hash_plan,
    make_plan,
)

SEEDS = st.integers(0, 2**63 - 1)
PINNED = [(1, "A", 6721584843570138555), (2, "B", 1242315003304302758)]
PINNED_HASH = "00d23383bc6a5846fbf270fda5cfb73f94079a4d56e05a099153a6d5d4222a3d"


@st.composite
def comparison_lists(draw: st.DrawFn) -> list[PlannedComparison]:
    numbers = draw(st.lists(st.integers(1, 10_000), min_size=1, max_size=40, unique=True))
    return [PlannedComparison(n, draw(st.integers(0, 2)), draw(st.booleans())) for n in numbers]


def leaning(slots: list[PlannedSlot]) -> int:
    """How many more times the test text is at A than at B."""
    counts = Counter(slot.position_of_test for slot in slots)
    return counts["A"] - counts["B"]


@given(comparison_lists(), st.integers(1, 7), SEEDS)
def test_orders_are_balanced_per_comparison_and_per_contrast(
    comparisons: list[PlannedComparison], redundancy: int, seed: int
) -> None:
    plan = make_plan(comparisons, redundancy=redundancy, seed=seed)
    assert len(plan) == redundancy * len(comparisons)
    group_of = {comparison.number: (comparison.contrast, comparison.is_gold) for comparison in comparisons}
    for comparison in comparisons:
        slots = [slot for slot in plan if slot.comparison == comparison.number]
        assert [slot.number for slot in slots] == list(range(redundancy))
        assert abs(leaning(slots)) == redundancy % 2
    for group in set(group_of.values()):
        assert abs(leaning([slot for slot in plan if group_of[slot.comparison] == group])) <= 1


@given(comparison_lists(), st.integers(1, 5), st.integers(1, 5), SEEDS)
def test_a_later_segment_keeps_the_balance(
    comparisons: list[PlannedComparison], first: int, second: int, seed: int
) -> None:
    launch = make_plan(comparisons, redundancy=first, seed=seed)
    extension = make_plan(comparisons, redundancy=second, seed=seed, segment=1, earlier=launch)
    both = [*launch, *extension]
    assert {slot.segment for slot in extension} == {1}
    group_of = {comparison.number: (comparison.contrast, comparison.is_gold) for comparison in comparisons}
    for comparison in comparisons:
        slots = [slot for slot in both if slot.comparison == comparison.number]
        assert [slot.number for slot in slots] == list(range(first + second))
        assert abs(leaning(slots)) == (first + second) % 2
    for group in set(group_of.values()):
        assert abs(leaning([slot for slot in both if group_of[slot.comparison] == group])) <= 1


@given(comparison_lists(), st.integers(1, 4), SEEDS)
@settings(max_examples=30)
def test_the_plan_depends_on_nothing_but_its_arguments(
    comparisons: list[PlannedComparison], redundancy: int, seed: int
) -> None:
    plan = make_plan(comparisons, redundancy=redundancy, seed=seed)
    assert plan == make_plan(comparisons, redundancy=redundancy, seed=seed)
    backwards = make_plan(comparisons[::-1], redundancy=redundancy, seed=seed)
    assert sorted(plan, key=repr) == sorted(backwards, key=repr)
    assert hash_plan(plan) == hash_plan(backwards)
    assert all(0 <= slot.random_key < 2**63 for slot in plan)


def test_the_odd_one_leans_either_way_about_equally_often() -> None:
    one = [PlannedComparison(1, 0)]
    at_a = sum(make_plan(one, redundancy=1, seed=seed)[0].position_of_test == "A" for seed in range(400))
    assert 160 < at_a < 240  # 4 standard deviations


def test_which_slot_of_a_comparison_is_at_a_varies() -> None:
    comparisons = [PlannedComparison(n, 0) for n in range(200)]
    plan = make_plan(comparisons, redundancy=2, seed=3)
    first_at_a = sum(slot.position_of_test == "A" for slot in plan if slot.number == 0)
    assert 60 < first_at_a < 140


def test_keys_are_spread_over_the_whole_range() -> None:
    keys = [draw_key(1, "claim", n) for n in range(1000)]
    assert len(set(keys)) == 1000
    assert 0.45 < sum(keys) / 1000 / 2**63 < 0.55


def test_the_hash_is_that_of_the_canonical_lines() -> None:
    """Pinned: a change here would make the plans of existing studies impossible to verify."""
    plan = make_plan([PlannedComparison(1, 0), PlannedComparison(2, 0)], redundancy=1, seed=42)
    assert [(slot.comparison, slot.position_of_test, slot.random_key) for slot in plan] == PINNED
    assert hash_plan(plan) == PINNED_HASH


@pytest.mark.parametrize("field", ["position_of_test", "random_key", "segment"])
def test_the_hash_notices_any_change(field: str) -> None:
    slot = PlannedSlot(1, 0, 0, "A", 5)
    changed = {"position_of_test": "B", "random_key": 6, "segment": 1}
    values = {name: getattr(slot, name) for name in PlannedSlot.__slots__} | {field: changed[field]}
    assert hash_plan([slot]) != hash_plan([PlannedSlot(**values)])


def test_what_cannot_be_planned_is_refused() -> None:
    with pytest.raises(PlanError, match="redundancy must be at least 1"):
        make_plan([PlannedComparison(1, 0)], redundancy=0, seed=1)
    with pytest.raises(PlanError, match="given twice"):
        make_plan([PlannedComparison(1, 0), PlannedComparison(1, 1)], redundancy=1, seed=1)
    lopsided = [PlannedSlot(1, n, 0, "A", n) for n in range(4)]
    with pytest.raises(PlanError, match="comparison 1 are unbalanced"):
        make_plan([PlannedComparison(1, 0)], redundancy=1, seed=1, segment=1, earlier=lopsided)
