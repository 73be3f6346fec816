"""The randomization plan: which showing has the test system's text at A, and in what random order.

The plan is a pure function of the frozen comparisons and the study's seed. All randomness comes from
SHA-256 of named parts, so that a plan can be recomputed years later whatever the library versions.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Order = Literal["A", "B"]

_KEY_BITS = 63


class PlanError(ValueError):
    """The plan cannot be made from what was given."""


@dataclass(frozen=True, slots=True)
class PlannedComparison:
    """What the plan needs to know of a comparison.

    Attributes:
        number: the comparison's number in its study.
        contrast: position of its contrast in the study.
        is_gold: gold comparisons are balanced among themselves, apart from those that are counted.
    """

    number: int
    contrast: int
    is_gold: bool = False


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """One planned showing.

    Attributes:
        comparison: number of the comparison.
        number: number of the slot within its comparison, from 0, running on over segments.
        segment: 0 at launch, then one more for each extension of the study.
        position_of_test: where the test system's text stands.
        random_key: place in the order of claiming, 0 <= key < 2**63.
    """

    comparison: int
    number: int
    segment: int
    position_of_test: Order
    random_key: int


def draw_key(seed: int, *parts: object) -> int:
    """A 63-bit number that depends on the seed and every part, and on nothing else."""
    text = "\x1f".join([str(seed), *(str(part) for part in parts)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> (64 - _KEY_BITS)


def make_plan(
    comparisons: Sequence[PlannedComparison],
    *,
    redundancy: int,
    seed: int,
    segment: int = 0,
    earlier: Iterable[PlannedSlot] = (),
) -> tuple[PlannedSlot, ...]:
    """Plan ``redundancy`` further slots for each comparison.

    Over all its slots, earlier segments included, a comparison has its test text at A and at B equally
    often to within one. The comparisons with an odd number of slots lean one way or the other; within a
    contrast (and apart for gold) the two leanings are equally frequent to within one, and the sign of
    that last one, like which comparisons lean which way, is drawn from the seed.

    Source: paper App. E, footnote 7 (presentation order randomized); DESIGN 5.

    Args:
        comparisons: distinct by number.
        redundancy: slots to add for each comparison, at least 1.
        seed: the study's seed.
        segment: number of this segment, 0 at launch.
        earlier: the slots of earlier segments.

    Returns:
        The new slots, ordered by comparison as given and slot number.

    Raises:
        PlanError: redundancy below 1, a comparison given twice, or earlier slots that are unbalanced.
    """
    if redundancy < 1:
        raise PlanError(f"redundancy must be at least 1, not {redundancy}")
    if len({comparison.number for comparison in comparisons}) != len(comparisons):
        raise PlanError("a comparison number is given twice")
    counts = _count(earlier)
    leanings = _draw_leanings(comparisons, redundancy, seed, segment, counts)
    slots: list[PlannedSlot] = []
    for comparison in comparisons:
        at_a, at_b = counts.get(comparison.number, (0, 0))
        total = at_a + at_b + redundancy
        new_at_a = total // 2 + leanings.get(comparison.number, 0) - at_a
        if not 0 <= new_at_a <= redundancy:
            raise PlanError(f"the earlier slots of comparison {comparison.number} are unbalanced")
        numbers = range(at_a + at_b, total)
        shuffled = sorted(numbers, key=lambda n: draw_key(seed, "order", segment, comparison.number, n))
        chosen_a = set(shuffled[:new_at_a])
        slots.extend(
            PlannedSlot(
                comparison=comparison.number,
                number=number,
                segment=segment,
                position_of_test="A" if number in chosen_a else "B",
                random_key=draw_key(seed, "claim", segment, comparison.number, number),
            )
            for number in numbers
        )
    return tuple(slots)


def hash_plan(slots: Iterable[PlannedSlot]) -> str:
    """SHA-256 (hex) of the plan's canonical text: one line a slot, by comparison and slot number."""
    digest = hashlib.sha256()
    for slot in sorted(slots, key=lambda s: (s.comparison, s.number)):
        line = f"{slot.comparison},{slot.number},{slot.segment},{slot.position_of_test},{slot.random_key}\n"
        digest.update(line.encode())
    return digest.hexdigest()


def _count(slots: Iterable[PlannedSlot]) -> dict[int, tuple[int, int]]:
    counts: dict[int, tuple[int, int]] = {}
    for slot in slots:
        at_a, at_b = counts.get(slot.comparison, (0, 0))
        is_a = slot.position_of_test == "A"
        counts[slot.comparison] = (at_a + is_a, at_b + (not is_a))
    return counts


def _draw_leanings(
    comparisons: Sequence[PlannedComparison],
    redundancy: int,
    seed: int,
    segment: int,
    counts: Mapping[int, tuple[int, int]],
) -> dict[int, int]:
    """For each comparison that ends with an odd number of slots: 1 if the odd one is at A, else 0."""
    groups: dict[tuple[int, bool], list[int]] = {}
    for comparison in comparisons:
        if (sum(counts.get(comparison.number, (0, 0))) + redundancy) % 2:
            groups.setdefault((comparison.contrast, comparison.is_gold), []).append(comparison.number)
    leanings: dict[int, int] = {}
    for (contrast, is_gold), numbers in groups.items():
        first = draw_key(seed, "sign", segment, contrast, is_gold) & 1
        numbers.sort(key=lambda number: (draw_key(seed, "lean", segment, number), number))
        for index, number in enumerate(numbers):
            leanings[number] = (first + index) % 2
    return leanings
