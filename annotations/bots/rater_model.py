"""How simulated raters answer: given mean probabilities, with raters and items that differ.

For a question with mean p, rater r and item k answer yes with probability
sigma(alpha + rater_sd z_r + item_sd z_k), z standard normal, independent between questions; alpha is solved
numerically so that the mean over raters and items is exactly p. Every draw is a function of the seed and of
who answers what, so that the order in which bots get their work does not matter.
"""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from statistics import NormalDist

from annotations.assignment.answers import Answers, AttributeReply
from annotations.metrics.simulation import intercept

_STANDARD_NORMAL = NormalDist()

TestAt = str  # "A" or "B": where the test system's text stands


class EffectsError(ValueError):
    """An effect is unknown, or not a probability."""


@dataclass(frozen=True, slots=True)
class Effects:
    """Mean probabilities over raters and items.

    Attributes:
        precision, appeal, overall: that the test system is preferred, in answers that are no tie.
        prioritization: the same, where both texts cover the attribute.
        covers_test, covers_baseline: that the text of the system is found to cover an attribute.
        ties: that a pairwise answer is a tie, where the form offers it.
    """

    precision: float = 0.5
    appeal: float = 0.5
    overall: float = 0.5
    prioritization: float = 0.5
    covers_test: float = 0.5
    covers_baseline: float = 0.5
    ties: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 <= value <= 1:
                raise EffectsError(f"{field.name}={value}: a probability is between 0 and 1")


def parse_effects(text: str) -> Effects:
    """Read ``precision=0.8,covers_test=0.7``; what is not named stays at its default.

    Raises:
        EffectsError: a part is not name=number, or the name is unknown.
    """
    known = [field.name for field in fields(Effects)]
    values: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, separator, number = part.partition("=")
        name = name.strip()
        if not separator or name not in known:
            raise EffectsError(f"{part!r}: expected name=probability with a name of {', '.join(known)}")
        if name in values:
            raise EffectsError(f"{name} is given twice")
        try:
            values[name] = float(number)
        except ValueError:
            raise EffectsError(f"{part!r}: {number.strip()!r} is not a number") from None
        if math.isnan(values[name]):
            raise EffectsError(f"{part!r}: a probability is between 0 and 1")
    return Effects(**values)


@dataclass(frozen=True, slots=True)
class FormShown:
    """What the form in front of a bot offers.

    Attributes:
        choices: by pairwise question asked, the answers offered.
        attributes: by position, the sampled attribute's text and the answers offered to which aligns more
            closely (empty where that is not asked).
    """

    choices: Mapping[str, tuple[str, ...]]
    attributes: Mapping[int, tuple[str, tuple[str, ...]]]


# Beyond it every probability is 0 or 1, and its mean cannot be solved for.
MOST_SD = 10.0


@dataclass(frozen=True, slots=True)
class RaterModel:
    """A population of simulated raters.

    Attributes:
        rater_sd, item_sd: standard deviations of the random effects, in logits.
    """

    effects: Effects
    seed: int
    rater_sd: float = 0.0
    item_sd: float = 0.0

    def __post_init__(self) -> None:
        for name in ("rater_sd", "item_sd"):
            if not 0 <= getattr(self, name) <= MOST_SD:
                raise EffectsError(
                    f"{name}={getattr(self, name)}: a standard deviation is between 0 and {MOST_SD:g} logits"
                )

    def probability(self, effect: str, rater: int, item: str) -> float:
        """The probability with which this rater says yes about this item."""
        mean = float(getattr(self.effects, effect))
        if mean in (0.0, 1.0):
            return mean
        spread = math.hypot(self.rater_sd, self.item_sd)
        logit = intercept(mean, spread)
        if self.rater_sd:
            logit += self.rater_sd * _draw_normal(self.seed, "rater", effect, rater)
        if self.item_sd:
            logit += self.item_sd * _draw_normal(self.seed, "item", effect, item)
        return 1 / (1 + math.exp(-logit))

    def answer(self, rater: int, item: str, comparison: str, test_at: TestAt, form: FormShown) -> Answers:
        """One rater's reply to one form.

        Args:
            rater: number of the bot.
            item: what identifies the item on the page.
            comparison: what identifies the comparison: the same for all raters, in either order.
            test_at: where the test system's text stands.
        """

        def says_yes(effect: str, *about: object) -> bool:
            draw = self._uniform("draw", effect, rater, comparison, *about)
            return draw < self.probability(effect, rater, item)

        def prefers(effect: str, offered: tuple[str, ...], *about: object) -> str:
            ties = self.effects.ties if "tie" in offered else 0.0
            if ties and self._uniform("tie", effect, rater, comparison, *about) < ties:
                return "tie"
            return test_at if says_yes(effect, *about) else _other(test_at)

        return Answers(
            choices={question: prefers(question, offered) for question, offered in form.choices.items()},
            attributes={
                position: self._reply(text, offered, test_at, says_yes, prefers)
                for position, (text, offered) in form.attributes.items()
            },
        )

    def _reply(
        self,
        text: str,
        offered: tuple[str, ...],
        test_at: TestAt,
        says_yes: Callable[..., bool],
        prefers: Callable[..., str],
    ) -> AttributeReply:
        test, baseline = says_yes("covers_test", text), says_yes("covers_baseline", text)
        covers_a, covers_b = (test, baseline) if test_at == "A" else (baseline, test)
        asked = bool(offered) and test and baseline
        return AttributeReply(covers_a, covers_b, prefers("prioritization", offered, text) if asked else None)

    def _uniform(self, *parts: object) -> float:
        return _draw_uniform(self.seed, *parts)


def _other(letter: TestAt) -> TestAt:
    return "B" if letter == "A" else "A"


@lru_cache(maxsize=1 << 14)
def _draw_normal(seed: int, *parts: object) -> float:
    return _STANDARD_NORMAL.inv_cdf(_draw_uniform(seed, *parts))


def _draw_uniform(seed: int, *parts: object) -> float:
    """In (0, 1), by SHA-256 of the parts: the same whatever the library versions, and quick."""
    text = "\x1f".join([str(seed), *(str(part) for part in parts)])
    return (int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") // 2**12 + 0.5) / 2**52
