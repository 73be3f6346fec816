"""The offline teacher: rules over a lexicon of aspects, plainly named so. Source: App. C."""

import hashlib
import random
from collections.abc import Iterable

from modelsvc.core.teacher.rules.checks import covers
from modelsvc.core.teacher.rules.compose import compose
from modelsvc.core.teacher.rules.critic import find_faults, revise_text
from modelsvc.core.teacher.rules.degrade import degrade
from modelsvc.core.teacher.rules.describe import describe
from modelsvc.core.teacher.rules.labels import preference
from modelsvc.core.teacher.rules.profiles import catalogue_rates, write_profile
from modelsvc.core.teacher.types import (
    Criterion,
    Critique,
    ItemFacts,
    PreferenceLabel,
    Profile,
    ProfileAttribute,
    ViewerHistory,
)


def _rng(seed: int, *parts: str) -> random.Random:
    # Seeded by content, so that an answer does not depend on what was asked before it.
    digest = hashlib.sha256("\x1f".join([str(seed), *parts]).encode()).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))  # noqa: S311 (reproducible, not secret)


class RulesTeacher:
    """Attribute statistics, varied frames and exact checks; no language model and no network.

    Args:
        catalogue: the items whose aspect rates profiles are measured against; with none, every aspect
            counts as equally common.
    """

    source = "rules"

    def __init__(self, catalogue: Iterable[ItemFacts] = ()) -> None:
        self._rates = catalogue_rates(catalogue)

    def describe_item(self, item: ItemFacts, *, seed: int) -> str:
        """A description from title, year, genres and tags."""
        return describe(item, _rng(seed, "describe", item.item_id))

    def profile(self, history: ViewerHistory, *, seed: int) -> Profile:
        """The viewer's attributes, weightiest first; up to five likes and three dislikes."""
        return write_profile(history, self._rates, _rng(seed, "profile", history.viewer_id))

    def endorse(self, item: ItemFacts, profile: Profile, *, seed: int) -> str:
        """An endorsement for a viewer with this profile; an empty profile gives a generic one."""
        return compose(item, profile, _rng(seed, "endorse", item.item_id, *(a.text for a in profile)))

    def critique(self, item: ItemFacts, profile: Profile, text: str, *, seed: int) -> Critique:
        """What the exact checks find wrong; the seed plays no part."""
        return Critique(find_faults(item, profile, text), self.source)

    def revise(self, item: ItemFacts, profile: Profile, text: str, critique: Critique, *, seed: int) -> str:
        """A better text if the critique found faults and a draft without as many exists; else the same."""
        if not critique.findings:
            return text
        return revise_text(item, profile, text, _rng(seed, "revise", item.item_id, text))

    def prefer(
        self, criterion: Criterion, item: ItemFacts, profile: Profile, first: str, second: str
    ) -> PreferenceLabel:
        """A soft label by the criterion's rule; swapping the texts gives the complement."""
        p_first, reasons = preference(criterion, item, profile, first, second)
        return PreferenceLabel(criterion, item.item_id, first, second, p_first, reasons, self.source)

    def covers(self, text: str, attribute: ProfileAttribute) -> float:
        """The probability that the text covers the attribute."""
        return covers(text, attribute)

    def bad_variant(
        self, criterion: Criterion, item: ItemFacts, profile: Profile, good: str, *, seed: int
    ) -> str:
        """A text like the good one but plainly worse; the good one itself where none is. Source: App. F."""
        return degrade(criterion, item, profile, good, _rng(seed, "bad", criterion, item.item_id, good))
