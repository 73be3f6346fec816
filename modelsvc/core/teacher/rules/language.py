"""Sentences, words, stems and titles, by rule."""

import re
from functools import lru_cache
from importlib import resources

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
    (resources.files(__package__) / "lexicon_data" / "stop_words.txt").read_text("utf-8").split()
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
