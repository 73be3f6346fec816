"""Critique by exact checks, and revision that answers it. Source: App. C (self-critique and revision)."""

import random

from modelsvc.core.teacher.rules.checks import claim_check, copied_runs, covers
from modelsvc.core.teacher.rules.compose import compose, targets
from modelsvc.core.teacher.rules.facts import read_facts
from modelsvc.core.teacher.rules.labels import score
from modelsvc.core.teacher.rules.language import words
from modelsvc.core.teacher.types import Finding, ItemFacts, Profile


def find_faults(item: ItemFacts, profile: Profile, text: str) -> tuple[Finding, ...]:
    """Every fault that the checks can name, gravest first."""
    found: list[Finding] = []
    check = claim_check(text, item)
    if check.unsupported:
        found.append(
            Finding("precision", f"The description does not bear out: {', '.join(check.unsupported)}.")
        )
    missed = [t for t in targets(read_facts(item), profile) if covers(text, t.attribute) < 0.5]
    for target in missed[:3]:
        found.append(
            Finding(
                "coverage", f'It is silent about an attribute the film bears on: "{target.attribute.text}"'
            )
        )
    if copied_runs(text, item.description) > 3:
        found.append(Finding("appeal", "It repeats the description's own wording."))
    if not 45 <= len(words(text)) <= 110:
        found.append(Finding("appeal", f"It has {len(words(text))} words where 45 to 110 are wanted."))
    return tuple(found)


def revise_text(item: ItemFacts, profile: Profile, text: str, rng: random.Random, *, drafts: int = 4) -> str:
    """The best by overall score among the text and a few new drafts that have fewer faults than it."""
    faults = len(find_faults(item, profile, text))
    fresh = [compose(item, profile, rng) for _ in range(drafts)]
    better = [draft for draft in fresh if len(find_faults(item, profile, draft)) < faults]
    return (
        max([text, *better], key=lambda draft: score("overall", item, profile, draft))
        if not faults
        else max(better or [text], key=lambda draft: score("overall", item, profile, draft))
    )
