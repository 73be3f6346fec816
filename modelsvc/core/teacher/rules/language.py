"""Sentences, words, stems and titles, by rule."""

import re
from functools import lru_cache

_BREAK = re.compile(r"(?<=[.!?])[\"'”’)]*\s+(?=[\"'“‘(]?[A-ZÀ-Þ0-9])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Lt|St|Sgt|Col|Capt|Gen|Jr|Sr|Vol|No|vs|a\.k\.a)|\b[A-Z])\.$"
)
_WORD = re.compile(r"[^\W_]+(?:['’.·-][^\W_]+)*")
_ARTICLE = re.compile(r"^(?P<rest>.+), (?P<article>The|A|An|La|Le|Les|El|Das|Der|Die|Il|Los)$")
_SUFFIXES = (
    "ations",
    "ation",
    "ings",
    "ing",
    "edly",
    "ness",
    "ment",
    "ies",
    "ied",
    "ers",
    "est",
    "ed",
    "er",
    "ly",
    "es",
    "s",
    "y",
    "e",
)

STOP_WORDS = frozenset(
    "a about above after again all also although always am an and another any anyone are as at away back be "
    "because been before being between both but by can cannot come could did do does done down each else even "
    "ever every few film films find finds first for from full get gets give go good had has have he her here "
    "him his how i if in into is it its itself just keep kind know less like likes little long lot made make "
    "makes many may me might mind more most movie movies much must my never no nor not nothing of off often on "
    "once one only or other others our out over own part people plenty put quite rather real really see seen "
    "shall she should show since so some something sort still story stories such take takes taste than that the "
    "their them themselves then there these they thing things this those though through time to too toward turn "
    "two under until up upon us very viewer want was watch way we well were what when where whether which while "
    "who whole whom whose why will with without would you your enjoy enjoys love loves dislike dislikes prefer "
    "appreciate avoid avoids patience interest interested lose tire tired bored boring drawn fond care put".split()
)


@lru_cache(maxsize=20_000)
def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text, in order; initials and common abbreviations do not end one."""
    parts: list[str] = []
    for piece in _BREAK.split(text.strip()):
        if parts and _ABBREVIATION.search(parts[-1]):
            parts[-1] = f"{parts[-1]} {piece}"
        elif piece:
            parts.append(piece)
    return tuple(parts)


def words(text: str) -> list[str]:
    """The words of a text as written, punctuation left out."""
    return _WORD.findall(text)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A crude stem: lower case, possessive and one common suffix removed, at least four letters kept."""
    word = re.sub(r"['’]s?$", "", word.lower())
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 4:
            return word[: -len(suffix)]
    return word


@lru_cache(maxsize=20_000)
def content_stems(text: str) -> frozenset[str]:
    """Stems of the words that carry meaning."""
    return frozenset(stem(word) for word in words(text) if word.lower() not in STOP_WORDS and len(word) > 2)


@lru_cache(maxsize=20_000)
def display_title(title: str) -> str:
    """A catalogue title as a sentence would print it: "Rock, The (1996)" becomes "The Rock"."""
    bare = re.sub(r"\s*\((?:19|20)\d\d(?:[-–]\d*)?\)\s*$", "", title).strip()
    bare = re.sub(r"\s*\([^()]*\)", "", bare).strip() or bare
    match = _ARTICLE.match(bare)
    return f"{match['article']} {match['rest']}" if match else bare


@lru_cache(maxsize=20_000)
def title_year(title: str) -> int | None:
    """The year that a catalogue title ends in, if it does."""
    match = re.search(r"\(((?:18|19|20)\d\d)\)\s*$", title)
    return int(match[1]) if match else None


def word_runs(text: str, length: int) -> list[tuple[str, ...]]:
    """Every run of ``length`` words, lower case, in order."""
    tokens = [word.lower() for word in words(text)]
    return [tuple(tokens[k : k + length]) for k in range(len(tokens) - length + 1)]


def copied_share(text: str, source: str, *, length: int = 6) -> float:
    """Share of the text's word runs that also stand in the source, in [0, 1]; 0 for a shorter text."""
    runs = word_runs(text, length)
    known = set(word_runs(source, length))
    return sum(run in known for run in runs) / len(runs) if runs else 0.0


def capitalized(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]
