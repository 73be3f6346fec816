"""Endorsements composed from an item's own facts, in varied frames and orders."""

import random
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from modelsvc.core.teacher.rules.facts import Facts, read_facts
from modelsvc.core.teacher.rules.language import capitalized, copied_share, words
from modelsvc.core.teacher.rules.lexicon import Aspect, aspects, mentions
from modelsvc.core.teacher.types import ItemFacts, Polarity, Profile, ProfileAttribute

MIN_WORDS, MAX_WORDS = 48, 105
_SLOT = re.compile(r"\{(\w+)(!c)?\}")


@dataclass(frozen=True)
class Target:
    """An attribute that the item bears on, and the aspect through which it does.

    ``absent`` means that the description says the film does not have it.
    """

    attribute: ProfileAttribute
    aspect: Aspect
    absent: bool

    @property
    def polarity(self) -> Polarity:
        """The attribute's polarity."""
        return self.attribute.polarity


@lru_cache(maxsize=1)
def frames() -> Mapping[str, tuple[str, ...]]:
    """Sentence frames by the move they make."""
    path = resources.files(__package__) / "lexicon_data" / "frames.toml"
    raw = tomllib.loads(path.read_text("utf-8"))
    return MappingProxyType({move: tuple(rows) for move, rows in raw.items()})


def attribute_aspects(attribute: ProfileAttribute) -> tuple[str, ...]:
    """Aspects that an attribute's sentence speaks of, in order of first mention, negations included."""
    return tuple(dict.fromkeys(mention.aspect for mention in mentions(attribute.text)))


def targets(facts: Facts, profile: Profile) -> list[Target]:
    """The attributes that a film bears on, heaviest first; aspects of the description before filed ones.

    No aspect serves two attributes.
    """
    found: list[Target] = []
    used: set[str] = set()
    ranked = sorted(enumerate(profile), key=lambda row: (-row[1].weight, row[0]))
    for _, attribute in ranked:
        names = [name for name in attribute_aspects(attribute) if name not in used]
        here = sorted((n for n in names if n in facts.described), key=lambda n: -facts.described[n])
        here += [n for n in names if n in facts.filed]
        missing = [n for n in names if n in facts.absent and attribute.polarity == "dislike"]
        if here:
            found.append(Target(attribute, aspects()[here[0]], absent=False))
        elif missing:
            found.append(Target(attribute, aspects()[missing[0]], absent=True))
        else:
            continue
        used.add(found[-1].aspect.name)
    return found


class _Writer:
    """Fills frames without using a frame, a wording or a fact twice."""

    def __init__(self, facts: Facts, rng: random.Random) -> None:
        self.facts = facts
        self.rng = rng
        self.used: set[str] = set()

    def pick(self, options: tuple[str, ...]) -> str:
        fresh = [option for option in options if option not in self.used] or list(options)
        choice = self.rng.choice(fresh)
        self.used.add(choice)
        return choice

    def wordings(
        self, target: Aspect, suffix: str = "", attribute: ProfileAttribute | None = None
    ) -> dict[str, str]:
        # A taste is not quoted back in the profile's own words where another wording exists.
        spoken = attribute.text.lower() if attribute else ""
        tastes = tuple(taste for taste in target.taste if taste not in spoken) or target.taste
        return {
            f"taste{suffix}": self.pick(tastes),
            f"claim{suffix}": self.pick(target.claim),
            f"offer{suffix}": self.pick(target.offer),
        }

    def say(self, move: str, slots: Mapping[str, str]) -> str:
        values = {"T": self.facts.title, **slots}
        options = tuple(
            frame for frame in frames()[move] if all(m[1] in values for m in _SLOT.finditer(frame))
        )
        frame = self.pick(options)
        text = _SLOT.sub(lambda m: capitalized(values[m[1]]) if m[2] else values[m[1]], frame)
        return capitalized(text)


def _background(writer: _Writer) -> list[str]:
    """Sentences about people, places, phrases and tone, in random order."""
    facts, rng = writer.facts, writer.rng
    out: list[str] = []
    cast = [name for name in facts.cast if name not in {actor for actor, _ in facts.roles[:1]}]
    if facts.roles and rng.random() < 0.8:
        out.append(writer.say("role", {"A": facts.roles[0][0], "np": facts.roles[0][1]}))
    if facts.directors:
        who = " and ".join(facts.directors)
        if cast and len(facts.directors) == 1 and rng.random() < 0.6:
            out.append(writer.say("credit", {"D": who, "A": cast.pop(0)}))
        elif len(facts.directors) == 1:
            out.append(writer.say("director", {"D": who}))
    if len(cast) >= 2:
        out.append(writer.say("cast_two", {"A": cast[0], "B": cast[1]}))
    elif cast:
        out.append(writer.say("cast_one", {"A": cast[0]}))
    phrases = list(facts.phrases)
    rng.shuffle(phrases)
    if len(phrases) >= 2:
        out.append(
            writer.say("phrase_two", {"c1": phrases[0], "c2": phrases[1], "C1": capitalized(phrases[0])})
        )
    elif phrases:
        out.append(writer.say("phrase_one", {"c1": phrases[0], "C1": capitalized(phrases[0])}))
    if facts.places:
        out.append(writer.say("place", {"place": facts.places[0]}))
    if len(facts.tones) >= 2:
        out.append(writer.say("tone_two", {"t1": facts.tones[0], "t2": facts.tones[1]}))
    elif facts.tones:
        out.append(writer.say("tone_one", {"t1": facts.tones[0]}))
    rng.shuffle(out)
    return out


def _length(parts: list[str]) -> int:
    return sum(len(words(part)) for part in parts)


def _fit(head: list[str], middle: list[str], tail: list[str], spare: list[str], rng: random.Random) -> str:
    """Join the parts; draw on spare sentences while the text is short, drop middle ones while it is long."""
    while spare and _length(head + middle + tail) < MIN_WORDS + rng.randrange(22):
        middle.insert(rng.randrange(len(middle) + 1), spare.pop())
    while len(middle) > 1 and _length(head + middle + tail) > MAX_WORDS:
        middle.pop()
    return " ".join(head + middle + tail)


def _spare_aspects(facts: Facts, used: set[str], rng: random.Random) -> list[Aspect]:
    pool = [name for name in facts.described if name not in used]
    rng.shuffle(pool)
    pool.sort(key=lambda name: -min(2, facts.described[name]))
    pool += sorted(facts.filed - used)
    return [aspects()[name] for name in pool]


def _tailored(facts: Facts, profile: Profile, rng: random.Random) -> str:
    writer = _Writer(facts, rng)
    found = targets(facts, profile)
    likes = [t for t in found if t.polarity == "like"][:4]
    clashes = [t for t in found if t.polarity == "dislike" and not t.absent][:2]
    relief = [t for t in found if t.polarity == "dislike" and t.absent][:1]
    slots = [writer.wordings(t.aspect, attribute=t.attribute) for t in likes]
    bad = [writer.wordings(t.aspect, attribute=t.attribute) for t in clashes]
    used = {t.aspect.name for t in found} | {
        n for a in profile if a.polarity == "dislike" for n in attribute_aspects(a)
    }
    spare_aspects = _spare_aspects(facts, used, rng)
    background = _background(writer)
    if not likes:
        # Nothing in the profile speaks for the film: recommend it on its own merits, and say so.
        body = _generic_sentences(writer, spare_aspects[:5], background)
        head, middle = body[:1], [*body[1:3], writer.say("distant", {})]
        tail = [writer.say("caution", bad[0])] if bad else []
        return _fit(head, middle, tail, body[3:], rng)
    first, rest = slots[0], slots[1:]
    if rest and rng.random() < 0.5:
        merged = {**first, **{f"{key}2": value for key, value in rest[0].items()}}
        hook = writer.say("hook", merged)
        if any(rest[0][key] in hook for key in ("claim", "offer")):
            rest = rest[1:]
    else:
        hook = writer.say("hook", first)
    head = [hook]
    clash_first = bool(bad) and rng.random() < 0.15
    if clash_first:
        head = [writer.say("caution_first", bad.pop(0)), writer.say("hook_after", first)]
        rest = slots[1:]
    elif background and rng.random() < 0.2:
        head = [hook, background.pop()]
    middle: list[str] = []
    while rest:
        if len(rest) >= 2 and rng.random() < 0.45:
            a, b = rest.pop(0), rest.pop(0)
            middle.append(writer.say("match_pair", {**a, **{f"{key}2": value for key, value in b.items()}}))
        else:
            middle.append(writer.say("match", rest.pop(0)))
        if background and rng.random() < 0.5:
            middle.append(background.pop())
    tail: list[str] = []
    if len(bad) == 2:
        tail.append(
            writer.say("caution_two", {**bad[0], **{f"{key}2": value for key, value in bad[1].items()}})
        )
    elif bad:
        tail.append(writer.say("caution", bad[0]))
    if relief:
        tail.append(writer.say("reassure", writer.wordings(relief[0].aspect)))
    if rng.random() < 0.6:
        tail.append(writer.say("close_mixed" if bad and not relief else "close", {}))
    extra = [
        writer.say("generic_more", writer.wordings(a)) for a in spare_aspects[:3] if a.name in facts.described
    ]
    return _fit(head, middle, tail, [*extra, *background], rng)


def _generic_sentences(writer: _Writer, pool: list[Aspect], background: list[str]) -> list[str]:
    rng = writer.rng
    rows = [writer.wordings(aspect) for aspect in pool]
    if not rows:
        return background or [f"{writer.facts.title} is the film to look at here."]
    paired = {**rows[0], **{f"{key}2": value for key, value in rows[1].items()}} if len(rows) > 1 else rows[0]
    out = [writer.say("generic_open", paired)]
    for row in rows[2:]:
        if background and rng.random() < 0.6:
            out.append(background.pop())
        out.append(writer.say("generic_more", row))
    return out + background


def _generic(facts: Facts, rng: random.Random) -> str:
    writer = _Writer(facts, rng)
    body = _generic_sentences(writer, _spare_aspects(facts, set(), rng)[:5], _background(writer))
    tail = [writer.say("generic_close", {})] if rng.random() < 0.6 else []
    return _fit(body[:1], body[1:4], tail, body[4:], rng)


def compose(item: ItemFacts, profile: Profile, rng: random.Random, *, tries: int = 3) -> str:
    """An endorsement of 45-110 words where the description allows; an empty profile gives a generic one.

    Of ``tries`` drafts the one that copies least of the description is kept, as soon as one copies nothing.
    """
    facts = read_facts(item)
    best, least = "", 2.0
    for _ in range(tries):
        draft = _tailored(facts, profile, rng) if profile else _generic(facts, rng)
        share = copied_share(draft, item.description)
        if share < least:
            best, least = draft, share
        if least == 0.0:
            break
    return best
