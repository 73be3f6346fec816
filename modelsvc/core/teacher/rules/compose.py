"""Endorsements composed from an item's own facts, in varied frames and orders."""

import random
from dataclasses import dataclass

from modelsvc.core.teacher.rules.facts import Facts, read_facts
from modelsvc.core.teacher.rules.language import capitalized, copied_share, words
from modelsvc.core.teacher.rules.lexicon import Aspect, aspects, mentions
from modelsvc.core.teacher.rules.writer import Writer
from modelsvc.core.teacher.types import ItemFacts, Polarity, Profile, ProfileAttribute

MIN_WORDS, MAX_WORDS = 48, 105


@dataclass(frozen=True)
class Target:
    """An attribute that the item bears on, and the aspect through which it does.

    ``absent`` means that the description says the film does not have it, ``faint`` that it only hints at it.
    """

    attribute: ProfileAttribute
    aspect: Aspect
    absent: bool = False
    faint: bool = False

    @property
    def polarity(self) -> Polarity:
        """The attribute's polarity."""
        return self.attribute.polarity


def attribute_aspects(attribute: ProfileAttribute) -> tuple[str, ...]:
    """Aspects that an attribute's sentence speaks of, in order of first mention, negations included."""
    return tuple(dict.fromkeys(mention.aspect for mention in mentions(attribute.text)))


def targets(facts: Facts, profile: Profile) -> list[Target]:
    """The attributes that a film bears on, heaviest first; described aspects before filed and hinted ones.

    No aspect serves two attributes.
    """
    found: list[Target] = []
    used: set[str] = set()
    ranked = sorted(enumerate(profile), key=lambda row: (-row[1].weight, row[0]))
    for _, attribute in ranked:
        names = [name for name in attribute_aspects(attribute) if name not in used]
        here = sorted((n for n in names if n in facts.described), key=lambda n: -facts.described[n])
        here += [n for n in names if n in facts.filed]
        hints = [n for n in names if n in facts.hinted]
        missing = [n for n in names if n in facts.absent and attribute.polarity == "dislike"]
        if here:
            found.append(Target(attribute, aspects()[here[0]]))
        elif hints:
            found.append(Target(attribute, aspects()[hints[0]], faint=True))
        elif missing:
            found.append(Target(attribute, aspects()[missing[0]], absent=True))
        else:
            continue
        used.add(found[-1].aspect.name)
    return found


def _background(writer: Writer) -> list[str]:
    """Sentences about people, places, phrases and tone, in random order."""
    facts, rng = writer.facts, writer.rng
    out: list[str] = []
    cast = [name for name in facts.cast if name not in {actor for actor, _ in facts.roles[:1]}]
    directed = False
    if facts.roles and rng.random() < 0.85:
        part = {"A": facts.roles[0][0], "np": facts.roles[0][1]}
        directed = len(facts.directors) == 1 and rng.random() < 0.6
        move = "role_credit" if directed else "role"
        out.append(writer.say(move, {**part, "D": " and ".join(facts.directors)}))
    if facts.directors and not directed:
        who = " and ".join(facts.directors)
        if cast and len(facts.directors) == 1 and rng.random() < 0.6:
            out.append(writer.say("credit", {"D": who, "A": cast.pop(0)}))
        elif len(facts.directors) == 1:
            out.append(writer.say("director", {"D": who}))
    if len(cast) >= 2:
        out.append(writer.say("cast_two", {"A": cast[0], "B": cast[1]}))
    elif cast:
        out.append(writer.say("cast_one", {"A": cast[0]}))
    phrases = [phrase for phrase in facts.phrases if phrase not in writer.used]
    rng.shuffle(phrases)
    tones = list(facts.tones)
    if len(phrases) >= 2 and tones and rng.random() < 0.5:
        slots = {"c1": phrases[0], "c2": phrases[1], "t1": tones.pop(0)}
        out.append(writer.say("phrase_tone", slots))
    elif len(phrases) >= 2:
        out.append(
            writer.say("phrase_two", {"c1": phrases[0], "c2": phrases[1], "C1": capitalized(phrases[0])})
        )
    elif phrases:
        out.append(writer.say("phrase_one", {"c1": phrases[0], "C1": capitalized(phrases[0])}))
    if facts.places:
        out.append(writer.say("place", {"place": facts.places[0]}))
    if len(tones) >= 2:
        out.append(writer.say("tone_two", {"t1": tones[0], "t2": tones[1]}))
    elif tones:
        out.append(writer.say("tone_one", {"t1": tones[0]}))
    rng.shuffle(out)
    return out


def _length(parts: list[str]) -> int:
    return sum(len(words(part)) for part in parts)


def _fit(
    head: list[str], middle: list[str], tail: list[str], spare: list[str], pads: list[str], rng: random.Random
) -> str:
    """Join the parts; draw on spare sentences while the text is short, drop middle ones while it is long."""
    while spare and _length(head + middle + tail) < MIN_WORDS + rng.randrange(22):
        middle.insert(rng.randrange(len(middle) + 1), spare.pop())
    while len(middle) > 1 and _length(head + middle + tail) > MAX_WORDS:
        middle.pop()
    while pads and _length(head + middle + tail) < MIN_WORDS:
        tail.append(pads.pop())
    return " ".join(head + middle + tail)


def _spare_aspects(facts: Facts, used: set[str], rng: random.Random) -> list[Aspect]:
    pool = [name for name in facts.described if name not in used]
    rng.shuffle(pool)
    pool.sort(key=lambda name: -min(2, facts.described[name]))
    pool += sorted(name for name in facts.filed if name not in used)
    return [aspects()[name] for name in pool]


def _tailored(facts: Facts, profile: Profile, rng: random.Random) -> str:
    writer = Writer(facts, rng)
    found = targets(facts, profile)
    # Aspects that the description only hints at are spoken of guardedly, and after those it affirms.
    likes = sorted((t for t in found if t.polarity == "like"), key=lambda t: t.faint)[:4]
    clashes = [t for t in found if t.polarity == "dislike" and not t.absent and not t.faint][:2]
    brushes = [t for t in found if t.polarity == "dislike" and t.faint][: 0 if clashes else 1]
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
        last = [writer.say("caution", bad[0])] if bad else []
        return _fit(body[:1], [*body[1:3], writer.say("distant", {})], last, body[3:], writer.pads(), rng)
    first, rest = slots[0], slots[1:]
    firm = [not t.faint for t in likes]
    if not firm[0]:
        hook = writer.say("hook_hint", first)
    elif rest and firm[1] and "ph" not in first and rng.random() < 0.5:
        merged = {**first, **{f"{key}2": value for key, value in rest[0].items()}}
        hook = writer.say("hook", merged)
        if any(rest[0][key] in hook for key in ("claim", "offer")):
            rest = rest[1:]
    else:
        hook = writer.say("hook_seen" if "ph" in first and rng.random() < 0.5 else "hook", first)
    head = [hook]
    clash_first = bool(bad) and firm[0] and rng.random() < 0.15
    if clash_first:
        head = [writer.say("caution_first", bad.pop(0)), writer.say("hook_after", first)]
        rest = slots[1:]
    elif background and rng.random() < 0.2:
        head = [hook, background.pop()]
    middle: list[str] = []
    sure = firm[len(likes) - len(rest) :]
    while rest:
        if len(rest) >= 2 and sure[0] and sure[1] and "ph" not in rest[0] and rng.random() < 0.45:
            a, b = rest.pop(0), rest.pop(0)
            sure = sure[2:]
            middle.append(writer.say("match_pair", {**a, **{f"{key}2": value for key, value in b.items()}}))
        else:
            row = rest.pop(0)
            known, sure = sure[0], sure[1:]
            seen = "ph" in row and rng.random() < 0.8
            middle.append(writer.say("match_hint" if not known else "match_seen" if seen else "match", row))
        if background and rng.random() < 0.5:
            middle.append(background.pop())
    tail: list[str] = []
    if brushes:
        tail.append(writer.say("caution_faint", writer.wordings(brushes[0].aspect)))
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
    return _fit(head, middle, tail, [*extra, *background], writer.pads(), rng)


def _generic_sentences(writer: Writer, pool: list[Aspect], background: list[str]) -> list[str]:
    rng = writer.rng
    rows = [writer.wordings(aspect) for aspect in pool]
    if not rows:
        return background or [f"{writer.facts.title} is the film to look at here."]
    paired = {**rows[0], **{f"{key}2": value for key, value in rows[1].items()}} if len(rows) > 1 else rows[0]
    out = [writer.say("generic_open", paired)]
    rest = rows[2:]
    while rest:
        if background and rng.random() < 0.6:
            out.append(background.pop())
        if len(rest) > 1 and rng.random() < 0.7:
            a, b = rest.pop(0), rest.pop(0)
            out.append(writer.say("generic_pair", {**a, **{f"{key}2": value for key, value in b.items()}}))
        else:
            out.append(writer.say("generic_more", rest.pop(0)))
    hints = [
        writer.say("faint_plain", {"plain": aspects()[name].plain})
        for name in sorted(writer.facts.hinted)[:2]
    ]
    return out + hints[: 3 - len(rows)] + background if len(rows) < 3 else out + background


def _generic(facts: Facts, rng: random.Random) -> str:
    writer = Writer(facts, rng)
    body = _generic_sentences(writer, _spare_aspects(facts, set(), rng)[:5], _background(writer))
    tail = [writer.say("generic_close", {})] if rng.random() < 0.6 else []
    return _fit(body[:1], body[1:4], tail, body[4:], writer.pads(), rng)


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
