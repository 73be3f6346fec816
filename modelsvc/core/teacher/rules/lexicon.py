"""Aspects of films and the words that speak of them, from the data files beside this module."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from modelsvc.core.teacher.rules.language import sentences

_FILES = ("genre.toml", "story.toml", "manner.toml")
# A negator this near before a trigger turns its meaning: "no gore", "without a trace of romance".
_NEGATED_BEFORE = re.compile(
    r"(?:\b(?:no|without|never|nor|neither|rarely|hardly(?: an?| any)?|scarcely(?: an?| any)?|minus|"
    r"zero|scant|"
    r"minimal|avoids?|avoiding|shuns?|(?:free|devoid|short|light) (?:of|on)|lacks?|lacking|lack of|"
    r"rather than|"
    r"instead of|less (?:about|interested in|concerned with)|more than|isn't|aren't|not|"
    r"(?<!\ba )(?:little|few))\b)"
    r"(?: (?:an?|any|much|very|especially|particularly|too|overly|on-screen|explicit|real|trace of|hint of))*"
    r"(?: [\w-]+){0,1} $"
)
_AFFIRMED_BEFORE = re.compile(
    r"\b(?:no (?:shortage|lack|end)(?: of)?|not (?:shy|afraid|only|just|mind|look|flinch|soften|"
    r"without)|without (?:apology|flinching)|"
    r"never (?:short|lets?|loses?)|more than (?:one|a few|a little))\b"
)
_NEGATED_AFTER = re.compile(
    r"^(?:-free\b|less\b|(?: (?:is|are|stays?|remains?))? (?:rare|scarce|absent|off[- ]screen|kept off|"
    r"nowhere)\b| (?:is|are|stays?|remains?) (?:minimal|confined|limited|restrained|mild|modest)\b)"
)


@dataclass(frozen=True)
class Aspect:
    """One thing a film can have and a viewer can like or dislike, with wordings for each use.

    ``file`` is the data file it stands in: genre, story or manner. ``words`` are regular-expression
    fragments; one that begins with "~" is weak evidence, worth half a mention. ``topic`` names the aspect
    without praise, for viewers who dislike it; ``plain`` names it without slant.
    """

    name: str
    file: str
    genres: tuple[str, ...]
    words: tuple[str, ...]
    topic: str
    plain: str
    taste: tuple[str, ...]
    claim: tuple[str, ...]
    offer: tuple[str, ...]
    like: tuple[str, ...]
    dislike: tuple[str, ...]


@dataclass(frozen=True)
class Mention:
    """One place where a text speaks of an aspect; ``negated`` if it says the aspect is missing.

    ``weight`` is 1 for a word that settles the matter and 0.5 for a weak one ("a soldier" makes no war film).
    """

    aspect: str
    start: int
    end: int
    negated: bool
    weight: float


@lru_cache(maxsize=1)
def aspects() -> Mapping[str, Aspect]:
    """Every aspect by name.

    Raises:
        ValueError: if a data file repeats an aspect or leaves out a wording.
    """
    found: dict[str, Aspect] = {}
    folder = resources.files(__package__) / "lexicon_data"
    for file in _FILES:
        for name, row in tomllib.loads((folder / file).read_text("utf-8")).items():
            if name in found:
                raise ValueError(f"{file}: aspect {name!r} stands twice")
            wordings = {
                key: tuple(row.get(key, ()))
                for key in ("words", "taste", "claim", "offer", "like", "dislike")
            }
            empty = [key for key, value in wordings.items() if not value]
            if empty:
                raise ValueError(f"{file}: aspect {name!r} has no {', '.join(empty)}")
            found[name] = Aspect(
                name=name,
                file=file,
                genres=tuple(row.get("genres", ())),
                topic=row["topic"],
                plain=row["plain"],
                **wordings,
            )
    return MappingProxyType(found)


@lru_cache(maxsize=1)
def aspect_of_genre() -> Mapping[str, str]:
    """Aspect name by catalogue genre, lower case."""
    return MappingProxyType({genre.lower(): a.name for a in aspects().values() for genre in a.genres})


def _split_top(fragment: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for k, character in enumerate(fragment):
        depth += (character in "([") - (character in ")]")
        if character == "|" and depth == 0:
            parts.append(fragment[start:k])
            start = k + 1
    return [*parts, fragment[start:]]


def _group_end(fragment: str) -> int:
    depth = 0
    for k, character in enumerate(fragment):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return k
    raise ValueError(f"unbalanced parentheses in {fragment!r}")


def _first_letters(fragment: str) -> set[str]:
    letters: set[str] = set()
    for part in _split_top(fragment):
        if part.startswith("(?:"):
            end = _group_end(part)
            letters |= _first_letters(part[3:end])
            if part[end + 1 : end + 2] == "?":
                letters |= _first_letters(part[end + 2 :])
        elif part.startswith("["):
            letters |= set(part[1 : part.index("]")])
        else:
            letters.add(part[0])
    return letters


@lru_cache(maxsize=1)
def _by_first_letter() -> Mapping[str, list[tuple[str, float, re.Pattern[str]]]]:
    # Only the patterns that can begin with a word's first letter are tried on it: ten times faster than all.
    # Strong words stand before weak ones, so that the first match of an aspect is the strongest.
    fragments: dict[str, dict[tuple[str, float], list[str]]] = {}
    for aspect in aspects().values():
        for word in sorted(aspect.words, key=lambda word: word.startswith("~")):
            key = (aspect.name, 0.5 if word.startswith("~") else 1.0)
            bare = word.removeprefix("~")
            for letter in _first_letters(bare):
                fragments.setdefault(letter, {}).setdefault(key, []).append(f"(?:{bare})")
    return {
        letter: [
            (name, weight, re.compile(rf"(?:{'|'.join(words)})(?!\w)"))
            for (name, weight), words in table.items()
        ]
        for letter, table in fragments.items()
    }


@lru_cache(maxsize=1)
def _proper_starts() -> frozenset[str]:
    starts = {
        match[0]
        for a in aspects().values()
        for w in a.words
        if (match := re.match(r"[A-Z][a-z]+", w.lstrip("~")))
    }
    return frozenset(starts)


def _sentence_case_removed(text: str) -> str:
    # Triggers are case-sensitive, so that the name "Hunt" is not a hunt; a sentence's first word is
    # lower-cased.
    out = text
    position = 0
    for sentence in sentences(text):
        at = text.find(sentence, position)
        position = at + len(sentence)
        match = re.match(r"[\"'“‘(]?([A-Z][\w'’]*)(?: ([A-Z]))?", sentence)
        if match and not match[2] and match[1] not in _proper_starts():
            k = at + match.start(1)
            out = out[:k] + out[k].lower() + out[k + 1 :]
    return out


@lru_cache(maxsize=30_000)
def mentions(text: str, title: str = "") -> tuple[Mention, ...]:
    """Every mention of every aspect in a text, in order; words of the title do not count.

    Args:
        text: any English text.
        title: a title as it would stand in the text; its occurrences are skipped.
    """
    plain = text
    if title:
        plain = re.sub(re.escape(title), lambda match: "Q" * len(match[0]), plain)
    plain = _sentence_case_removed(plain)
    table = _by_first_letter()
    found: list[Mention] = []
    for word in re.finditer(r"(?<!\w)\w", plain):
        here: set[str] = set()
        for name, weight, pattern in table.get(word[0], ()):
            match = None if name in here else pattern.match(plain, word.start())
            if match:
                here.add(name)
                negated = _negated(plain, match.start(), match.end())
                found.append(Mention(name, match.start(), match.end(), negated, weight))
    return tuple(found)


def _negated(text: str, start: int, end: int) -> bool:
    before = re.split(r"[.;:!?,]", text[max(0, start - 48) : start])[-1]
    if _NEGATED_AFTER.match(text[end:]):
        return True
    return bool(_NEGATED_BEFORE.search(before)) and not _AFFIRMED_BEFORE.search(before)


def strengths(found: Iterable[Mention]) -> dict[str, float]:
    """The summed weight of each aspect's affirmed mentions, in order of first mention."""
    sums: dict[str, float] = {}
    for mention in found:
        if not mention.negated:
            sums[mention.aspect] = sums.get(mention.aspect, 0.0) + mention.weight
    return sums
