"""Vectors of whole descriptions by the frozen pretrained encoder."""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor

from modelsvc.core.rewards.encoder import TextEncoder
from modelsvc.core.rewards.mixed_precision import autocast


class DescriptionVectors:
    """T(I): the mean token state over all windows of a description; kept for the latest texts.

    Args:
        encoder: frozen; shared by all scorers.
        capacity: how many descriptions are kept.
    """

    def __init__(self, encoder: TextEncoder, *, capacity: int = 4096) -> None:
        self.encoder = encoder.eval().requires_grad_(False)
        self._capacity = capacity
        self._kept: OrderedDict[str, Tensor] = OrderedDict()

    def of(self, texts: Sequence[str]) -> Tensor:
        """float32 [B, Z], scaled to unit root mean square per vector."""
        distinct = set(texts)
        missing = sorted({text for text in distinct if text not in self._kept}, key=len)
        for start in range(0, len(missing), 32):
            batch = missing[start : start + 32]
            with torch.no_grad(), autocast(self.encoder.device):
                pooled = self.encoder.pooled(batch)
            rms = pooled.pow(2).mean(dim=1, keepdim=True).sqrt().clamp(min=1e-6)
            self._kept.update(zip(batch, pooled / rms, strict=True))
        vectors = torch.stack([self._kept[text] for text in texts])
        while len(self._kept) > max(self._capacity, len(distinct)):
            self._kept.popitem(last=False)
        return vectors
