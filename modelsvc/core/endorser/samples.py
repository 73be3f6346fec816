"""Sampled texts with their tokens."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Samples:
    """B sampled endorsements.

    token_ids: int64 [B, T]; zero after the end of a row.
    mask: bool [B, T]; true up to the first end-of-text token inclusive (pad may equal end of text, so
        the mask is never derived from ids).
    texts: B decoded texts without special tokens.
    truncated: bool [B]; true where no end of text came within the limit.
    """

    token_ids: Tensor
    mask: Tensor
    texts: tuple[str, ...]
    truncated: Tensor

    def __post_init__(self) -> None:
        rows = len(self.texts)
        if (
            self.token_ids.shape != self.mask.shape
            or self.mask.shape[0] != rows
            or len(self.truncated) != rows
        ):
            raise ValueError("token_ids, mask, texts and truncated disagree on the number of rows")

    @property
    def lengths(self) -> Tensor:
        """Tokens per text, int64 [B]."""
        return self.mask.sum(dim=1)

    def rows(self, indices: list[int]) -> "Samples":
        """The texts at these indices, cut to their own longest."""
        chosen = torch.tensor(indices, dtype=torch.long)
        width = int(self.lengths[chosen].max()) if indices else 0
        return Samples(
            self.token_ids[chosen, :width],
            self.mask[chosen, :width],
            tuple(self.texts[index] for index in indices),
            self.truncated[chosen],
        )
