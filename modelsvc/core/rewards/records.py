"""What reward models learn from. Source: sec. 4.1, App. C."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from modelsvc.core.endorser.context import Context

TrainingCallback = Callable[[int, int, Mapping[str, float]], None]
"""Called after every optimizer step with (step from 1, total steps, metrics of the step)."""


class RewardDataError(ValueError):
    """A preference pair or target that cannot be learned from; the message names the field."""


@dataclass(frozen=True, eq=False)
class PreferencePair:
    """Two endorsements of the same item to the same viewer and a soft label.

    Args:
        context: c = (I, i, u).
        first_text: Y_1.
        second_text: Y_2.
        p_first: P(Y_1 ≻ Y_2) according to the labellers, in [0, 1].
        weight: relative weight in the loss, > 0 (hybrid labels weigh human and AI differently).
    """

    context: Context
    first_text: str
    second_text: str
    p_first: float
    weight: float = 1.0

    def __post_init__(self) -> None:
        where = f"pair of item {self.context.item_id}, viewer {self.context.viewer_id}"
        if not 0.0 <= self.p_first <= 1.0:
            raise RewardDataError(f"{where}: p_first {self.p_first} is outside [0, 1]")
        if not (math.isfinite(self.weight) and self.weight > 0):
            raise RewardDataError(f"{where}: weight {self.weight} is not positive")
        for name, text in (("first_text", self.first_text), ("second_text", self.second_text)):
            if not text.strip():
                raise RewardDataError(f"{where}: {name} is blank")


@dataclass(frozen=True, eq=False)
class CoverageTarget:
    """s for one endorsement: mean cosine, likelihood of "covers", or rated share of attributes covered.

    Args:
        context: c = (I, i, u).
        text: Y.
        share: s, in [0, 1].
    """

    context: Context
    text: str
    share: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.share <= 1.0:
            raise RewardDataError(
                f"coverage of item {self.context.item_id}, viewer {self.context.viewer_id}: "
                f"share {self.share} is outside [0, 1]"
            )
