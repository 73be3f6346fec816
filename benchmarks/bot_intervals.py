"""Do the 95 % intervals hold the bots' true effects? Whole studies of bots, in process, counted per question.

    python -m benchmarks.bot_intervals [--studies N] [--first-seed S] [--json]

The demo study's design: 80 comparisons of an item each, three slots and three attributes a comparison, 30
bots with at most 12 assignments each. The slots are the product's plan, the answers its rater model's, the
label rows, their table and the numbers the product's too; only pages and database are left out. With
``--json`` the last line is one object: studies, first_seed, settings (coverage and mean width by question).
"""

import argparse
import json
import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotations.assignment.plan import PlannedComparison, PlannedSlot, draw_key, make_plan
from annotations.assignment.questions import PAIRWISE
from annotations.bots.rater_model import Effects, FormShown, RaterModel
from annotations.metrics.labels import LabelRow, LabelTable
from annotations.metrics.results import study_results
from annotations.queries.labels import labels_of

COMPARISONS, REDUNDANCY, ATTRIBUTES, BOTS, ASSIGNMENTS_PER_BOT = 80, 3, 3, 30, 12
QUESTIONS = ("precision", "appeal", "overall", "prioritization", "pcov")
FIRST_SEED = 20261123
EFFECTS = Effects(
    precision=0.8, appeal=0.6, overall=0.7, prioritization=0.6, covers_test=0.7, covers_baseline=0.5
)

_CHOICES = ("A", "B", "tie", "skip")
_ALIGNS = ("A", "B", "tie")
_WHEN = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass(frozen=True)
class Setting:
    """The bots of a study: what they prefer, and how much bots and items differ (in logits)."""

    name: str
    effects: Effects
    rater_sd: float
    item_sd: float


SETTINGS = tuple(
    Setting(name, effects, sd, sd)
    for name, effects in (("given", EFFECTS), ("even", Effects()))
    for sd in (0.0, 0.5, 1.0)
)


@dataclass(frozen=True)
class Found:
    """Estimates and bounds, float64 [studies, questions]; NaN where a study has no interval."""

    estimate: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def shares(self, effects: Effects) -> dict[str, float]:
        """Per question, the share of studies whose interval holds the truth."""
        truth = np.array([true_effects(effects)[question] for question in QUESTIONS])
        held = (self.low <= truth) & (truth <= self.high)
        return dict(zip(QUESTIONS, held.mean(axis=0).tolist(), strict=True))

    def narrowed(self, factor: float) -> "Found":
        """The same estimates with intervals ``factor`` as wide (Pcov's on the log of the ratio)."""
        bounds = []
        for bound in (self.low, self.high):
            moved = self.estimate + factor * (bound - self.estimate)
            ratio, bound_ratio = 1 + self.estimate[:, -1], 1 + bound[:, -1]
            moved[:, -1] = ratio * (bound_ratio / ratio) ** factor - 1
            bounds.append(moved)
        return Found(self.estimate, *bounds)


def true_effects(effects: Effects) -> dict[str, float]:
    """The population means that a study of these bots estimates (no ties).

    Prioritization is the mean preference among answers where both texts cover the attribute. The bots' random
    effects are independent between questions, so that who finds an attribute covered, and in which item, says
    nothing about the preference: the mean among those is the mean over all.
    """
    return {question: float(getattr(effects, question)) for question in QUESTIONS[:-1]} | {
        "pcov": effects.covers_test / effects.covers_baseline - 1
    }


def hand_out(
    slots: Sequence[PlannedSlot], bots: int, most: int, seed: int
) -> Iterator[tuple[PlannedSlot, int]]:
    """Give out slots as the product does: bots take turns; each gets the first open slot from its own start
    key on, wrapping around, of a comparison it has not had, until it has ``most`` or none is left for it."""
    open_slots = sorted(slots, key=lambda slot: slot.random_key)
    start = [draw_key(seed, "start", bot) for bot in range(bots)]
    had: list[set[int]] = [set() for _ in range(bots)]
    inside = list(range(bots))
    while inside:
        for bot in tuple(inside):
            fitting = [k for k, slot in enumerate(open_slots) if slot.comparison not in had[bot]]
            if not fitting or len(had[bot]) == most:
                inside.remove(bot)
                continue
            slot = open_slots.pop(
                next((k for k in fitting if open_slots[k].random_key >= start[bot]), fitting[0])
            )
            had[bot].add(slot.comparison)
            yield slot, bot


def judge_study(setting: Setting, seed: int) -> LabelTable:
    """The labels of one study, filled by the bots of ``seed``."""
    return LabelTable.from_rows(_label_rows(setting, seed))


def _label_rows(setting: Setting, seed: int) -> Iterator[LabelRow]:
    model = RaterModel(setting.effects, seed, rater_sd=setting.rater_sd, item_sd=setting.item_sd)
    comparisons = [PlannedComparison(number, contrast=0) for number in range(1, COMPARISONS + 1)]
    slots = make_plan(comparisons, redundancy=REDUNDANCY, seed=seed)
    forms = {number: _form(number) for number in range(1, COMPARISONS + 1)}
    for slot, bot in hand_out(slots, BOTS, ASSIGNMENTS_PER_BOT, seed):
        number, test_at, form = slot.comparison, slot.position_of_test, forms[slot.comparison]
        answers = model.answer(bot, f"item {number}", f"comparison {number}", test_at, form)
        attributes = [
            [f"{position}", form.attributes[position][0], reply.covers_a, reply.covers_b, reply.aligns]
            for position, reply in answers.attributes.items()
        ]
        choices = [answers.choices[question] for question in PAIRWISE]
        yield from labels_of(
            ("bots", number, f"item {number}", f"viewer {number}", "tailored", "generic", f"bot {bot}", "bot",
             f"{number}-{slot.number}", test_at, False, False, False, False, None, _WHEN, *choices,
             attributes)
        )  # fmt: skip


def _form(number: int) -> FormShown:
    return FormShown(
        choices=dict.fromkeys(PAIRWISE, _CHOICES),
        attributes={position: (f"attribute {number}-{position}", _ALIGNS) for position in range(ATTRIBUTES)},
    )


def find_intervals(setting: Setting, seeds: Sequence[int]) -> Found:
    """Fill a study per seed and read the numbers that the product prints for it."""
    found = np.full((3, len(seeds), len(QUESTIONS)), np.nan)
    for study, seed in enumerate(seeds):
        (results,) = study_results(judge_study(setting, seed)).contrasts
        entries = results.as_dict()
        for column, question in enumerate(QUESTIONS):
            entry = entries["coverage" if question == "pcov" else question]
            if entry["interval"] is not None:
                estimate = entry["pcov" if question == "pcov" else "win_rate"]
                found[:, study, column] = (estimate, *entry["interval"])
    return Found(*found)


def measure(setting: Setting, seeds: Sequence[int], processes: int) -> Found:
    """``find_intervals`` with the seeds shared out among processes."""
    parts = [seeds[k : k + 50] for k in range(0, len(seeds), 50)]
    with ProcessPoolExecutor(processes) as pool:
        found = list(pool.map(find_intervals, [setting] * len(parts), parts))
    return Found(
        *(np.concatenate([getattr(part, name) for part in found]) for name in ("estimate", "low", "high"))
    )


def _entry(setting: Setting, found: Found) -> dict[str, Any]:
    width = np.nanmean(found.high - found.low, axis=0).tolist()
    return asdict(setting) | {
        "truth": true_effects(setting.effects),
        "coverage": found.shares(setting.effects),
        "mean_width": dict(zip(QUESTIONS, width, strict=True)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Coverage of the 95% intervals in studies of bots.")
    parser.add_argument("--studies", type=int, default=1000, help="studies of each setting")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    arguments = parser.parse_args()

    seeds = range(arguments.first_seed, arguments.first_seed + arguments.studies)
    error = math.sqrt(0.95 * 0.05 / len(seeds))
    print(f"{len(seeds)} studies a setting; one standard error of a share is {error:.1%}")
    print(f"{'effects':8} {'sd':>4} " + " ".join(f"{question:>15}" for question in QUESTIONS))
    entries = []
    for setting in SETTINGS:
        entry = _entry(setting, measure(setting, seeds, arguments.processes))
        shares = " ".join(f"{entry['coverage'][question]:15.1%}" for question in QUESTIONS)
        print(f"{setting.name:8} {setting.rater_sd:4} {shares}", flush=True)
        entries.append(entry)
    if arguments.json:
        print(json.dumps({"studies": len(seeds), "first_seed": arguments.first_seed, "settings": entries}))


if __name__ == "__main__":
    main()
