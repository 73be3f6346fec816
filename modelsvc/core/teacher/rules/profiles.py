"""Viewer profiles from what liked and disliked items have in common, by aspect statistics. Source: App. C."""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from modelsvc.core.teacher.rules.facts import read_facts
from modelsvc.core.teacher.rules.lexicon import aspects
from modelsvc.core.teacher.types import (
    ItemFacts,
    Polarity,
    Profile,
    ProfileAttribute,
    RatedItem,
    ViewerHistory,
)

# Pairs that say nearly the same of a viewer: only the stronger of the two enters a profile.
_ALIKE = (
    {"violence", "gore"},
    {"comedy", "slapstick"},
    {"comedy", "dark_comedy"},
    {"crime", "heist"},
    {"murder", "mystery"},
    {"suspense", "mystery"},
    {"adventure", "journey"},
    {"space", "aliens"},
    {"science_fiction", "machines"},
    {"monsters", "horror"},
    {"supernatural", "horror"},
    {"family_friendly", "animation"},
    {"warmth", "sentimental"},
    {"war", "military"},
    {"musical", "soundtrack"},
    {"visuals", "effects"},
    {"action", "chase"},
    {"light", "comedy"},
    {"bleak", "moral_grey"},
    {"outsiders", "whimsy"},
    {"puzzle", "twists"},
    {"school", "coming_of_age"},
    {"satire", "dark_comedy"},
)
_LIKE_FRAMES = (
    "They enjoy {taste}.",
    "They are drawn to {taste}.",
    "They have a soft spot for {taste}.",
    "They are easily won over by {taste}.",
    "They will usually make time for {taste}.",
)
_DISLIKE_FRAMES = (
    "They have little patience for {topic}.",
    "They do not care for {topic}.",
    "They tend to avoid {topic}.",
    "They get little out of {topic}.",
)


@dataclass(frozen=True)
class AspectStatistic:
    """How one aspect stands in a viewer's history; ``score`` is above 0 for a like, below for a dislike."""

    aspect: str
    score: float
    liked: int
    disliked: int


def split_history(viewer_id: str, rated: Sequence[RatedItem], *, gap: float = 0.5) -> ViewerHistory:
    """Split ratings at the viewer's own mean: liked above mean + gap, disliked below mean - gap.

    Args:
        rated: every rated item of one viewer.
        gap: half-width of the band around the mean that is left out, in rating units.
    """
    if not rated:
        return ViewerHistory(viewer_id, (), ())
    mean = sum(row.rating for row in rated) / len(rated)
    best_first = sorted(rated, key=lambda row: (-row.rating, row.item.item_id))
    return ViewerHistory(
        viewer_id,
        liked=tuple(row for row in best_first if row.rating >= mean + gap),
        disliked=tuple(row for row in reversed(best_first) if row.rating <= mean - gap),
    )


def catalogue_rates(items: Iterable[ItemFacts]) -> dict[str, float]:
    """Share of items that have each aspect, smoothed by one item with and one without, in (0, 1)."""
    counts = dict.fromkeys(aspects(), 1)
    total = 2
    for item in items:
        total += 1
        for aspect in read_facts(item).aspects:
            counts[aspect] += 1
    return {aspect: count / total for aspect, count in counts.items()}


def _logit(p: float) -> float:
    return math.log(p / (1 - p))


def aspect_statistics(
    history: ViewerHistory, rates: Mapping[str, float], *, prior_items: float = 4.0
) -> list[AspectStatistic]:
    """Shrunken log-odds of every aspect in a viewer's history, strongest first.

    p_l = (l + k q) / (n_l + k) and p_d likewise, with q the catalogue's rate and k = ``prior_items``;
    score = (logit p_l - logit p_d) / 2 + (logit p_l - logit q) / 2 for likes, and its mirror for dislikes,
    so that an aspect must stand out both against the other half and against the catalogue. With no
    items on one side that side equals the catalogue. Source: this project's rule for App. C's profiles.
    """
    liked = [read_facts(row.item).aspects for row in history.liked]
    disliked = [read_facts(row.item).aspects for row in history.disliked]
    rows: list[AspectStatistic] = []
    for aspect, rate in rates.items():
        in_liked = sum(aspect in film for film in liked)
        in_disliked = sum(aspect in film for film in disliked)
        p_liked = (in_liked + prior_items * rate) / (len(liked) + prior_items)
        p_disliked = (in_disliked + prior_items * rate) / (len(disliked) + prior_items)
        between = _logit(p_liked) - _logit(p_disliked)
        if between >= 0:
            score = max(0.0, (between + _logit(p_liked) - _logit(rate)) / 2)
        else:
            score = -max(0.0, (-between + _logit(p_disliked) - _logit(rate)) / 2)
        rows.append(AspectStatistic(aspect, score, in_liked, in_disliked))
    return sorted(rows, key=lambda row: (-abs(row.score), row.aspect))


def _evidence(rated: Sequence[RatedItem], aspect: str) -> tuple[str, ...]:
    holders = [row for row in rated if aspect in read_facts(row.item).aspects]
    described = sorted(holders, key=lambda row: aspect not in read_facts(row.item).described)
    return tuple(row.item.item_id for row in described[:4])


def _chosen(
    statistics: Sequence[AspectStatistic], polarity: Polarity, limit: int, taken: set[str]
) -> list[AspectStatistic]:
    rows: list[AspectStatistic] = []
    for row in statistics:
        support = row.liked if polarity == "like" else row.disliked
        signed = row.score if polarity == "like" else -row.score
        if signed <= 0 or support < 2 or len(rows) == limit:
            continue
        if any({row.aspect, other} in _ALIKE for other in taken):
            continue
        rows.append(row)
        taken.add(row.aspect)
    return rows


def write_profile(
    history: ViewerHistory,
    rates: Mapping[str, float],
    rng: random.Random,
    *,
    likes: int = 5,
    dislikes: int = 3,
) -> Profile:
    """A viewer's profile: up to ``likes`` + ``dislikes`` bullets, most important first.

    Bullets are chosen by |score| times the aspect's catalogue rate to the power 0.4, and ordered by |score|.

    Every bullet rests on at least two items, names none, and lists up to four as evidence. ``weight`` is the
    score's absolute value divided by the profile's largest. A history without contrasts gives few bullets
    or none.
    """
    # An attribute is worth stating if films are likely to bear on it, so common aspects go before rare ones.
    statistics = sorted(
        aspect_statistics(history, rates),
        key=lambda row: (-abs(row.score) * rates[row.aspect] ** 0.4, row.aspect),
    )
    taken: set[str] = set()
    kept = [("like", row) for row in _chosen(statistics, "like", likes, taken)]
    kept += [("dislike", row) for row in _chosen(statistics, "dislike", dislikes, taken)]
    top = max((abs(row.score) for _, row in kept), default=1.0)
    bullets: list[ProfileAttribute] = []
    frames = {"like": list(_LIKE_FRAMES), "dislike": list(_DISLIKE_FRAMES)}
    for pool in frames.values():
        rng.shuffle(pool)
    for polarity, row in kept:
        aspect = aspects()[row.aspect]
        if rng.random() < 0.6 or not frames[polarity]:
            text = rng.choice(aspect.like if polarity == "like" else aspect.dislike)
        else:
            text = frames[polarity].pop().format(taste=rng.choice(aspect.taste), topic=aspect.topic)
        side = history.liked if polarity == "like" else history.disliked
        bullets.append(
            ProfileAttribute(
                text=text,
                polarity="like" if polarity == "like" else "dislike",
                evidence=_evidence(side, row.aspect),
                weight=abs(row.score) / top,
            )
        )
    return tuple(sorted(bullets, key=lambda bullet: -bullet.weight))
