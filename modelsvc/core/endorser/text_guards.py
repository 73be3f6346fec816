"""Quality guards on generated text: repetition, length, copying, facts that the description does not support.

Exact counts on words, no model; they watch the reward models, they do not replace them.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+(?:['\u2019\-][^\W_]+)*")
_SENTENCE_END = re.compile(r"[.!?]+[\"'\u201d\u2019)]*\s+|\n+")
_NUMBER = re.compile(r"\d+")


def words(text: str) -> list[str]:
    """The words of a text in order, as written."""
    return _WORD.findall(text)


def repetition_share(text: str, size: int = 4) -> float:
    """Share of word n-grams that occurred before in the text: 0 without repetition, towards 1 in a loop."""
    lowered = [word.lower() for word in words(text)]
    grams = [tuple(lowered[at : at + size]) for at in range(len(lowered) - size + 1)]
    return 0.0 if not grams else 1.0 - len(set(grams)) / len(grams)


def copied_share(text: str, description: str, size: int = 5) -> float:
    """Share of the text's words that lie in a word n-gram also found in the description."""
    written = [word.lower() for word in words(text)]
    given = [word.lower() for word in words(description)]
    known = {tuple(given[at : at + size]) for at in range(len(given) - size + 1)}
    copied = [False] * len(written)
    for at in range(len(written) - size + 1):
        if tuple(written[at : at + size]) in known:
            copied[at : at + size] = [True] * size
    return sum(copied) / len(written) if written else 0.0


def unsupported_names(text: str, source: str) -> tuple[str, ...]:
    """Capitalised words that occur nowhere in the source, in order, once each.

    A sentence's first word is capitalised anyway and is left out, so a name that only ever opens
    sentences is missed.
    """
    known = {_stem(word) for word in words(source)}
    found: dict[str, None] = {}
    for sentence in _SENTENCE_END.split(text):
        for place, word in enumerate(words(sentence)):
            is_name = word[0].isupper() and word not in _ALWAYS_CAPITAL
            if place > 0 and is_name and _stem(word) not in known:
                found[word] = None
    return tuple(found)


def unsupported_numbers(text: str, source: str) -> tuple[str, ...]:
    """Numbers in digits that do not occur in the source, in order, once each."""
    known = set(_NUMBER.findall(source))
    return tuple(dict.fromkeys(number for number in _NUMBER.findall(text) if number not in known))


_ALWAYS_CAPITAL = frozenset({"I", "I'm", "I'd", "I'll", "I've"})


def _stem(word: str) -> str:
    return re.sub(r"['\u2019]s?$", "", word.lower())


@dataclass(frozen=True)
class TextGuards:
    """The guards of one text."""

    words: int
    repetition_share: float
    copied_share: float
    unsupported_names: tuple[str, ...]
    unsupported_numbers: tuple[str, ...]
    truncated: bool


def check_text(
    text: str, *, title: str, description: str, profile: Sequence[str] = (), truncated: bool = False
) -> TextGuards:
    """All guards of one text; names and numbers may come from title, description or profile."""
    source = "\n".join((title, description, *profile))
    return TextGuards(
        words=len(words(text)),
        repetition_share=repetition_share(text),
        copied_share=copied_share(text, description),
        unsupported_names=unsupported_names(text, source),
        unsupported_numbers=unsupported_numbers(text, source),
        truncated=truncated,
    )


@dataclass(frozen=True)
class GuardSummary:
    """Guards over many texts of one system: means and shares in [0, 1]."""

    texts: int
    mean_words: float
    mean_repetition_share: float
    mean_copied_share: float
    with_unsupported_names: float
    with_unsupported_numbers: float
    truncated: float
    distinct_openings: float

    def as_dict(self) -> dict[str, float]:
        """For a run's metrics."""
        return dict(vars(self))


def summarize_guards(guards: Sequence[TextGuards], texts: Sequence[str]) -> GuardSummary:
    """Means over texts; ``distinct_openings``: share of texts whose first three words are theirs alone."""
    if not guards or len(guards) != len(texts):
        raise ValueError("one text per guard, at least one")
    count = len(guards)
    openings = Counter(tuple(word.lower() for word in words(text)[:3]) for text in texts)
    return GuardSummary(
        texts=count,
        mean_words=sum(g.words for g in guards) / count,
        mean_repetition_share=sum(g.repetition_share for g in guards) / count,
        mean_copied_share=sum(g.copied_share for g in guards) / count,
        with_unsupported_names=sum(bool(g.unsupported_names) for g in guards) / count,
        with_unsupported_numbers=sum(bool(g.unsupported_numbers) for g in guards) / count,
        truncated=sum(g.truncated for g in guards) / count,
        distinct_openings=sum(times for times in openings.values() if times == 1) / count,
    )
