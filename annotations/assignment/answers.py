"""A rater's answers to one form, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class AttributeReply:
    """Coverage of one sampled attribute by A and by B and, only if both, which aligns more closely."""

    covers_a: bool
    covers_b: bool
    aligns: str | None = None

    def __post_init__(self) -> None:
        if self.aligns is not None and not (self.covers_a and self.covers_b):
            raise ValueError("which aligns more closely is asked only where both cover")


@dataclass(frozen=True, slots=True)
class Answers:
    """One complete reply.

    Attributes:
        choices: by pairwise question (precision, appeal, overall): A, B, tie, both_bad or skip.
        attributes: by position of the sampled attribute.
        comment: the rater's remark, or empty.
    """

    choices: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    attributes: Mapping[int, AttributeReply] = field(default_factory=lambda: MappingProxyType({}))
    comment: str = ""
