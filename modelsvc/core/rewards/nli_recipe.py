"""Entailment examples made from a catalogue's own descriptions, for the offline Prec.

True hypotheses are what a description says, in many wordings; false ones are every kind of
falsehood that generated endorsements were seen to contain: other items' facts, wrong titles,
swapped names, numbers and attributes, negations, half-true sentences, claims from nowhere.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from modelsvc.core.rewards.entailment import CONTRADICTION, ENTAILMENT, NEUTRAL
from modelsvc.core.rewards.sentences import split_sentences

_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-zA-Z'’-]+(?: [A-Z][a-zA-Z'’-]+)*")
_NUMBER = re.compile(r"\b\d[\d,]*\b")
_CLAUSE = re.compile(r"[,;:]\s+|\s+[–—-]\s+|\s+(?=\b(?:who|which|while|when|until|because|after|before)\b)")
_NEGATABLE = re.compile(r"\b(is|are|was|were|has|have|can|must|will|does)\b")


@dataclass(frozen=True)
class ItemText:
    """An item's id, title and description."""

    item_id: str
    title: str
    description: str


@dataclass(frozen=True)
class NliExample:
    """A premise, a hypothesis, its label, and the kind of wording or falsehood it stands for."""

    item_id: str
    premise: str
    hypothesis: str
    label: int
    kind: str


def premise_text(title: str, description: str) -> str:
    """The premise of every sentence of an endorsement: title, then description."""
    return f"{title}. {description}" if title else description


def display_title(title: str) -> str:
    """A title as prose has it: without year, article in front ("Rock, The (1996)" → "The Rock")."""
    bare = re.sub(r"\s*\((?:\d{4}|a\.k\.a\.[^)]*)\)", "", title).strip()
    match = re.fullmatch(r"(.+), (The|A|An)", bare)
    return f"{match.group(2)} {match.group(1)}" if match else bare


@cache
def wordings() -> dict[str, Any]:
    """The word lists that ship beside this module."""
    loaded: dict[str, Any] = json.loads(
        (Path(__file__).parent / "nli_wordings.json").read_text(encoding="utf-8")
    )
    return loaded


def catalogue_examples(
    items: Sequence[ItemText], *, per_item: int, seed: int, unseen_wordings: bool = False
) -> list[NliExample]:
    """About ``per_item`` examples of every item, half of them entailed.

    Args:
        items: at least two, with descriptions.
        per_item: examples per item, at least 2.
        seed: same seed, same examples.
        unseen_wordings: frames, chatter and false claims from the lists that are never trained on.

    Raises:
        ValueError: if there are fewer than two items with a description.
    """
    usable = [item for item in items if split_sentences(item.description)]
    if len(usable) < 2:
        raise ValueError("the entailment recipe needs at least two items with a description")
    rng = np.random.default_rng(seed)
    examples: list[NliExample] = []
    for row, item in enumerate(usable):
        maker = _Maker(item, usable, row, rng, unseen_wordings)
        premise = premise_text(item.title, item.description)
        made: set[str] = set()
        for count in range(per_item):
            hypothesis, label, kind = maker.true() if count % 2 == 0 else maker.false()
            # A falsehood that could not be built (no name to swap) comes back empty.
            if hypothesis and hypothesis not in made:
                made.add(hypothesis)
                examples.append(NliExample(item.item_id, premise, hypothesis, label, kind))
    return examples


# A fragment that begins with one of these loses its capital; one that begins with a name keeps it.
_FUNCTION_WORDS = frozenset(
    (
        *("a", "an", "the", "this", "that", "these", "those", "his", "her", "its", "their", "he", "she"),
        *("it", "they", "when", "while", "after", "before", "as", "in", "on", "at", "with", "from", "for"),
        *("and", "but", "or", "if", "one", "two", "three", "set", "made", "based", "directed", "played"),
        *("starring", "there", "here", "what", "who"),
    )
)


class _Maker:
    """Draws true and false hypotheses about one item."""

    def __init__(
        self,
        item: ItemText,
        items: Sequence[ItemText],
        row: int,
        rng: np.random.Generator,
        unseen: bool,
    ) -> None:
        self.item, self.items, self.row, self.rng = item, items, row, rng
        prefix = "unseen_" if unseen else ""
        self.frames: list[str] = wordings()[f"{prefix}frames"]
        self.chatter: list[str] = wordings()[f"{prefix}chatter"]
        self.claims: list[str] = wordings()[f"{prefix}false_claims"]
        # Openers and tails vary the known frames; unseen ones stay as they are.
        self.openers: list[str] = [""] if unseen else wordings()["openers"]
        self.tails: list[str] = [""] if unseen else wordings()["tails"]
        self.title = display_title(item.title)
        self.sentences = split_sentences(item.description)

    def true(self) -> tuple[str, int, str]:
        kind = self._pick(["sentence", "reworded", "framed", "framed", "joined", "chatter"])
        if kind == "sentence":
            return self._pick(self.sentences), ENTAILMENT, kind
        if kind == "reworded":
            return self._reworded(self._pick(self.sentences)), ENTAILMENT, kind
        if kind == "chatter":
            line = self._fill(self._pick(self.chatter), "", self.title)
            opener = self._pick(self.openers)
            return (opener + line[:1].lower() + line[1:] if opener else line), ENTAILMENT, kind
        if kind == "joined":
            both = f"{self._fragment(self.sentences)} and {self._fragment(self.sentences)}"
            return self._framed(both, self.title), ENTAILMENT, kind
        return self._framed(self._reworded(self._fragment(self.sentences)), self.title), ENTAILMENT, kind

    def false(self) -> tuple[str, int, str]:
        kind = self._pick(
            ["other_item", "other_framed", "wrong_title", "swapped_name", "swapped_number",
             "swapped_attribute", "negated", "half_true", "invented"]
        )  # fmt: skip
        other = self.items[(self.row + 1 + int(self.rng.integers(len(self.items) - 1))) % len(self.items)]
        theirs = split_sentences(other.description)
        if kind == "other_item":
            return self._pick(theirs), NEUTRAL, kind
        if kind == "other_framed":
            return self._framed(self._reworded(self._fragment(theirs)), self.title), NEUTRAL, kind
        if kind == "half_true":
            halves = [self._fragment(self.sentences), self._fragment(theirs)]
            self.rng.shuffle(halves)
            return self._framed(" and ".join(halves), self.title), NEUTRAL, kind
        if kind == "invented":
            return self._pick(self.claims), NEUTRAL, kind
        if kind == "wrong_title":
            with_title = [frame for frame in self.frames + self.chatter if "{t}" in frame]
            wrong = display_title(other.title)
            text = self._fill(self._pick(with_title), self._fragment(self.sentences), wrong)
            return (text if wrong != self.title else ""), CONTRADICTION, kind
        if kind == "negated":
            return self._negated(self._pick(self.sentences)), CONTRADICTION, kind
        # The description's words are falsified, never the frame's: a frame says nothing of the item.
        whole = self.rng.random() < 0.5
        source = self._pick(self.sentences) if whole else self._fragment(self.sentences)
        if kind == "swapped_attribute":
            changed = self._swapped_attribute(source)
        else:
            pattern = _NAME if kind == "swapped_name" else _NUMBER
            changed = self._swapped(source, pattern, other.description)
        if changed and not whole:
            changed = self._framed(changed, self.title)
        return changed, CONTRADICTION, kind

    def _pick(self, options: Sequence[str]) -> str:
        return options[int(self.rng.integers(len(options)))]

    def _fragment(self, sentences: Sequence[str]) -> str:
        sentence = self._pick(sentences).rstrip(".!?…")
        clauses = [clause.strip() for clause in _CLAUSE.split(sentence) if len(clause.split()) >= 3]
        fragment = self._pick(clauses) if clauses else sentence
        first = fragment.split(" ", 1)[0]
        starts_name = first[:1].isupper() and first.lower() not in _FUNCTION_WORDS
        return fragment if starts_name else fragment[:1].lower() + fragment[1:]

    def _framed(self, fragment: str, title: str) -> str:
        frame = self._pick(self.frames)
        opener, tail = self._pick(self.openers), self._pick(self.tails)
        if opener and not frame.startswith("{t}"):
            frame = frame[:1].lower() + frame[1:]
        return self._fill(f"{opener}{frame[:-1]}{tail}.", fragment, title)

    @staticmethod
    def _fill(frame: str, fragment: str, title: str) -> str:
        text = frame.replace("{f}", fragment).replace("{t}", title)
        return text[:1].upper() + text[1:]

    def _reworded(self, text: str) -> str:
        synonyms: dict[str, str] = wordings()["synonyms"]
        words = text.split(" ")
        for place, word in enumerate(words):
            bare = word.strip(".,;:!?").lower()
            if bare in synonyms and self.rng.random() < 0.7:
                words[place] = re.sub(re.escape(bare), synonyms[bare], word, flags=re.IGNORECASE)
        return " ".join(words)

    def _swapped_attribute(self, text: str) -> str:
        antonyms: dict[str, str] = wordings()["antonyms"]
        words = text.split(" ")
        places = [p for p, word in enumerate(words) if word.strip(".,;:!?").lower() in antonyms]
        if not places:
            return ""
        place = places[int(self.rng.integers(len(places)))]
        bare = words[place].strip(".,;:!?")
        words[place] = words[place].replace(bare, antonyms[bare.lower()])
        return " ".join(words)

    def _negated(self, text: str) -> str:
        matches = list(_NEGATABLE.finditer(text))
        if not matches:
            return f"It is not true that {text[:1].lower()}{text[1:]}"
        match = matches[int(self.rng.integers(len(matches)))]
        return f"{text[: match.end()]} not{text[match.end() :]}"

    def _swapped(self, text: str, pattern: re.Pattern[str], other_text: str) -> str:
        matches = list(pattern.finditer(text))
        if not matches:
            return ""
        match = matches[int(self.rng.integers(len(matches)))]
        if pattern is _NUMBER:
            replacement = str(int(match.group().replace(",", "")) + int(self.rng.integers(1, 40)))
        else:
            own = self.item.title + self.item.description
            strangers = [name for name in pattern.findall(other_text) if name not in own]
            if not strangers:
                return ""
            replacement = self._pick(strangers)
        return text[: match.start()] + replacement + text[match.end() :]
