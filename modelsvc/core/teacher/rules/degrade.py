"""Texts that are plainly worse under one criterion, for pairs with a known better side. Source: App. F."""

import random
import re

from modelsvc.core.teacher.rules.compose import compose, targets
from modelsvc.core.teacher.rules.facts import noun_lists, read_facts
from modelsvc.core.teacher.rules.labels import SCALES, score
from modelsvc.core.teacher.rules.language import capitalized, sentences, words
from modelsvc.core.teacher.rules.lexicon import aspects, mentions
from modelsvc.core.teacher.types import Criterion, ItemFacts, Profile

_FALSE_FRAMES = (
    "It also {claim}.",
    "The film {claim}.",
    "There is {offer}, too.",
    "Best of all, it {claim}.",
    "Expect {offer}.",
)
_DULL_OPEN = (
    "{T} is a movie.",
    "This is a film called {T}.",
    "{T} is a film of some kind, and it can be watched.",
    "{T} exists and was made.",
)
_DULL_MORE = (
    "It has a beginning, and then it goes on.",
    "People are in it, and some things happen.",
    "There are scenes, and certain people are in it.",
    "It is a film and it has things.",
    "It has various parts and so on.",
    "It is a film with a running time.",
    "Some of it is the usual.",
    "The film is a film of some kind.",
    "Some things happen, and then it goes on.",
    "It can be watched by people who watch films.",
)


def _imprecise(item: ItemFacts, good: str, rng: random.Random) -> str:
    """Swap people and numbers for false ones and put false claims in place of true sentences."""
    facts = read_facts(item)
    strangers = list(noun_lists()["strangers"])
    rng.shuffle(strangers)
    text = good
    for name in [*facts.directors, *facts.cast]:
        if name in text and strangers:
            text = text.replace(name, strangers.pop())
    text = re.sub(
        r"\b(1[89]|20)(\d)\d(s?)\b",
        lambda m: f"{m[1]}{(int(m[2]) + 3) % 10}0{m[3]}" if m[0] not in facts.title else m[0],
        text,
    )
    known = facts.supported | {mention.aspect for mention in mentions(item.description)}
    false = [aspect for name, aspect in aspects().items() if name not in known]
    rng.shuffle(false)
    parts = list(sentences(text))
    replaceable = [k for k in range(1, len(parts)) if facts.title not in parts[k]]
    rng.shuffle(replaceable)
    for _ in range(2 if len(parts) <= 4 else 3):
        aspect = false.pop()
        line = rng.choice(_FALSE_FRAMES).format(
            claim=rng.choice(aspect.claim), offer=rng.choice(aspect.offer)
        )
        if replaceable and sum(len(words(part)) for part in parts) > 55:
            parts[replaceable.pop()] = line
        else:
            parts.insert(rng.randrange(1, len(parts) + 1), line)
    return " ".join(parts)


def _lowest(criterion: Criterion, item: ItemFacts, profile: Profile, good: str, drafts: list[str]) -> str:
    """The draft that scores least, or the good text itself if none is plainly worse than it."""
    best = score(criterion, item, profile, good)
    scored = [(score(criterion, item, profile, draft), draft) for draft in drafts]
    lowest, draft = min(scored)
    return draft if lowest < best - SCALES[criterion] / 3 else good


def _less_covering(item: ItemFacts, profile: Profile, good: str, rng: random.Random) -> str:
    """A text for nobody in particular that happens to meet the profile least."""
    return _lowest("coverage", item, profile, good, [compose(item, (), rng) for _ in range(6)])


def _less_prioritized(item: ItemFacts, profile: Profile, good: str, rng: random.Random) -> str:
    """Speak of what the viewer cares least about, and leave the weightiest attributes out."""
    found = targets(read_facts(item), profile)
    weakest = tuple(target.attribute for target in found[-1:]) if len(found) > 1 else ()
    drafts = [compose(item, weakest, rng) for _ in range(6)]
    return _lowest("prioritization", item, profile, good, drafts)


def _dull(item: ItemFacts, good: str, rng: random.Random) -> str:
    """Keep about a third of what the good text says, flatly, among sentences that say nothing."""
    facts = read_facts(item)
    parts = [rng.choice(_DULL_OPEN).format(T=facts.title)]
    said = [m.aspect for m in mentions(good) if m.aspect in facts.supported]
    if said:
        parts.append(f"It has {said[0].replace('_', ' ')} in it.")
    filler = list(_DULL_MORE)
    rng.shuffle(filler)
    while filler and sum(len(words(part)) for part in parts) < min(60, len(words(good))):
        parts.append(filler.pop())
    return " ".join(capitalized(part) for part in parts)


def degrade(criterion: Criterion, item: ItemFacts, profile: Profile, good: str, rng: random.Random) -> str:
    """A text of similar length that is worse than ``good`` under the criterion.

    Precision: false names, numbers and claims. Appeal: flat sentences. Coverage: a text that leaves the
    profile
    out. Prioritization: a text about what matters least. Overall: imprecise and not tailored.
    Where the film bears on nothing in the profile, no text is worse in coverage or prioritization, and
    ``good`` itself comes back. Source: App. F.
    """
    if criterion == "precision":
        return _imprecise(item, good, rng)
    if criterion == "appeal":
        return _dull(item, good, rng)
    if criterion == "coverage":
        return _less_covering(item, profile, good, rng)
    if criterion == "prioritization":
        return _less_prioritized(item, profile, good, rng)
    return _imprecise(item, _less_covering(item, profile, good, rng), rng)
