"""A plain description from catalogue facts, for items that have none. Source: App. C (item descriptions)."""

import random

from modelsvc.core.teacher.rules.facts import read_facts
from modelsvc.core.teacher.rules.language import capitalized
from modelsvc.core.teacher.rules.lexicon import aspects
from modelsvc.core.teacher.types import ItemFacts


def describe(item: ItemFacts, rng: random.Random) -> str:
    """What title, year, genres and tags say of an item, in a few sentences; nothing else is claimed."""
    facts = read_facts(item)
    genres = [genre.lower() for genre in item.genres if genre[:1].isalpha() and genre != "IMAX"]
    year = f" from {facts.year}" if facts.year else ""
    kind = " and ".join([", ".join(genres[:-1]), genres[-1]] if len(genres) > 1 else genres)
    opening = f"{facts.title} is a film{year}" + (f" filed under {kind}." if genres else ".")
    names = sorted(facts.aspects)
    rng.shuffle(names)
    lines = [opening]
    for k, name in enumerate(names[:5]):
        aspect = aspects()[name]
        lines.append(
            f"It {rng.choice(aspect.claim)}." if k % 2 == 0 else f"There is {rng.choice(aspect.offer)}."
        )
    tags = [tag for tag in item.tags if tag][:6]
    if tags:
        lines.append(f"Viewers have tagged it {', '.join(tags)}.")
    return " ".join(capitalized(line) for line in lines)
