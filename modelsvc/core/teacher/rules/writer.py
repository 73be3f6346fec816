"""Fills sentence frames with an item's facts and an aspect's wordings."""

import random
import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from modelsvc.core.teacher.rules.facts import Facts
from modelsvc.core.teacher.rules.language import capitalized, content_stems
from modelsvc.core.teacher.rules.lexicon import Aspect, mentions
from modelsvc.core.teacher.types import ProfileAttribute

_SLOT = re.compile(r"\{(\w+)(!c)?\}")
_HEAD_END = re.compile(
    r",| (?:to|with|that|in|of|on|at|up|from|for|under|seen|worth|behind|along|beneath|between|where|to)\b"
)


@lru_cache(maxsize=1)
def frames() -> Mapping[str, tuple[str, ...]]:
    """Sentence frames by the move they make."""
    path = resources.files(__package__) / "lexicon_data" / "frames.toml"
    raw = tomllib.loads(path.read_text("utf-8"))
    return MappingProxyType({move: tuple(rows) for move, rows in raw.items()})


def shows(phrase: str, aspect: str) -> bool:
    """Whether a phrase of the description is an instance of an aspect ("a tank chase" of chases)."""
    return any(mention.aspect == aspect for mention in mentions(phrase))


def _is_plural(offer: str) -> bool:
    """Whether "there are" goes with a wording; decided by the last word of its head."""
    head = _HEAD_END.split(offer)[0]
    return (
        not head.startswith(("a ", "an ", "one ")) and head.endswith("s") and not head.endswith(("ss", "ics"))
    )


class Writer:
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
        offer = self.pick(target.offer)
        seen = [
            phrase for phrase in self.facts.phrases if phrase not in self.used and shows(phrase, target.name)
        ]
        if seen:
            self.used.add(seen[0])
        claim = self.pick(target.claim)
        # Of the tastes, one that repeats least of what is said of the film.
        said = content_stems(f"{claim} {offer} {target.plain}")
        fewest = min(len(content_stems(taste) & said) for taste in tastes)
        tastes = tuple(taste for taste in tastes if len(content_stems(taste) & said) == fewest)
        return {
            **({f"ph{suffix}": seen[0]} if seen else {}),
            f"taste{suffix}": self.pick(tastes),
            f"claim{suffix}": claim,
            f"offer{suffix}": offer,
            f"topic{suffix}": target.topic,
            f"plain{suffix}": target.plain,
            f"is{suffix}": "are" if _is_plural(offer) else "is",
            f"comes{suffix}": "come" if _is_plural(offer) else "comes",
        }

    def pads(self) -> list[str]:
        """Three sentences that claim nothing, for items about which little can be said."""
        return [self.say("pad", {}) for _ in range(3)]

    def say(self, move: str, slots: Mapping[str, str]) -> str:
        values = {"T": self.facts.title, **slots}
        options = tuple(
            frame for frame in frames()[move] if all(m[1] in values for m in _SLOT.finditer(frame))
        )
        frame = self.pick(options)
        text = _SLOT.sub(lambda m: capitalized(values[m[1]]) if m[2] else values[m[1]], frame)
        return capitalized(text.replace("also is ", "is also "))
