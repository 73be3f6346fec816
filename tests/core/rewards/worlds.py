"""A small simulated world whose appeals, coverages and utilities are known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelsvc.core.endorser.context import Context
from modelsvc.core.rewards import CoverageTarget, PreferencePair

THEMES = ("space", "romance", "heist", "war", "comedy", "horror")
GOOD, BAD = ("thrilling", "superb", "gripping"), ("dull", "weak", "tired")
FILLER = ("with", "and", "much", "some", "also", "film")
WORDS = (*THEMES, *GOOD, *BAD, *FILLER)


@dataclass(frozen=True, eq=False)
class World:
    """Items have two themes; a viewer's taste is a vector over the themes; u and i live in that space."""

    contexts: tuple[Context, ...]
    tastes: dict[str, NDArray[np.float32]]

    def utility(self, viewer_id: str, theme: str) -> float:
        return float(self.tastes[viewer_id][THEMES.index(theme)])


def make_world(items: int = 24, viewers: int = 16, seed: int = 0) -> World:
    rng = np.random.default_rng(seed)
    tastes = {f"u{v}": rng.normal(size=len(THEMES)).astype(np.float32) for v in range(viewers)}
    contexts = []
    for number in range(items):
        themes = rng.permutation(len(THEMES))[:2]
        vector = np.zeros(len(THEMES), np.float32)
        vector[themes] = 1.0
        description = f"{THEMES[themes[0]]} and {THEMES[themes[1]]} film"
        for viewer_id, taste in tastes.items():
            contexts.append(Context(f"i{number}", viewer_id, f"Film {number}", description, vector, taste))
    return World(tuple(contexts), tastes)


def appeal_pairs(world: World, count: int, seed: int = 1) -> list[PreferencePair]:
    """Soft labels from a known appeal: two per praising word, minus two per blaming word."""
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(count):
        context = world.contexts[rng.integers(len(world.contexts))]
        words = [[str(rng.choice(GOOD + BAD)), str(rng.choice(GOOD + BAD))] for _ in range(2)]
        texts = [f"{a} {rng.choice(FILLER)} {b} {rng.choice(THEMES)}" for a, b in words]
        gap = true_appeal(texts[0]) - true_appeal(texts[1])
        pairs.append(PreferencePair(context, texts[0], texts[1], float(1 / (1 + np.exp(-gap)))))
    return pairs


def true_appeal(text: str) -> float:
    words = text.split()
    return 2.0 * sum(word in GOOD for word in words) - 2.0 * sum(word in BAD for word in words)


def theme_pairs(world: World, count: int, seed: int = 2) -> list[PreferencePair]:
    """The text that speaks of the theme the viewer values more is preferred, by a known utility."""
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(count):
        context = world.contexts[rng.integers(len(world.contexts))]
        first, second = rng.permutation(np.array(THEMES))[:2]
        gap = 2 * (world.utility(context.viewer_id, first) - world.utility(context.viewer_id, second))
        pairs.append(
            PreferencePair(
                context,
                f"{rng.choice(FILLER)} {first} film",
                f"{rng.choice(FILLER)} {second} film",
                float(1 / (1 + np.exp(-gap))),
            )
        )
    return pairs


def coverage_targets(world: World, pairs: list[PreferencePair]) -> list[CoverageTarget]:
    """s rises from 0.2 to 0.8 with the utility of the theme named."""
    targets = []
    for pair in pairs:
        for text in (pair.first_text, pair.second_text):
            theme = next(word for word in text.split() if word in THEMES)
            share = 0.5 + 0.3 * np.tanh(world.utility(pair.context.viewer_id, theme))
            targets.append(CoverageTarget(pair.context, text, float(share)))
    return targets
