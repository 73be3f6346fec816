"""The learned scorer under App, Pcov and Ppr: text with soft tokens of what it is conditioned on."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn

from modelsvc.core.endorser.adapter import Adapter
from modelsvc.core.endorser.context import Context
from modelsvc.core.rewards.description_vectors import DescriptionVectors
from modelsvc.core.rewards.encoder import TextEncoder
from modelsvc.core.rewards.mixed_precision import autocast

INPUTS = ("description", "item", "viewer")
SCORING_BATCH = 64


@dataclass(frozen=True)
class ScorerConfig:
    """Shape of a scorer.

    ``uses`` names what the score is conditioned on, of description (I), item (i), viewer (u).
    """

    uses: tuple[str, ...]
    embedding_size: int
    prefix_tokens: int = 2
    adapter_hidden_size: int = 128
    head_size: int = 128
    trainable_layers: int = 3
    dropout: float = 0.1

    def __post_init__(self) -> None:
        unknown = set(self.uses) - set(INPUTS)
        if unknown:
            raise ValueError(f"scorer inputs must be of {INPUTS}, got {sorted(unknown)}")

    def as_dict(self) -> dict[str, object]:
        """Plain types, for JSON."""
        return asdict(self)


class RewardScorer(nn.Module):
    """R(Y; c) = head(f) + g · ⟨M f, z(u)⟩ − mean, f the mean token state of Y after the soft tokens.

    The soft tokens are W(x) for every conditioning vector x: z(i) and z(u), standardized per
    coordinate over the training contexts, and for I the frozen encoder's vector of the whole
    description. M maps text into the collaborative-filtering space, so that what a viewer likes
    can meet what a text says even with few pairs; it is present when the viewer is used.
    Source: sec. 4.1; the embeddings enter as sec. 3 has it.

    Args:
        encoder: pretrained; its top ``trainable_layers`` are trained.
        config: shape.
        descriptions: frozen vectors of descriptions, shared between scorers.
    """

    score_mean: Tensor
    temperature: Tensor
    item_mean: Tensor
    item_std: Tensor
    viewer_mean: Tensor
    viewer_std: Tensor

    def __init__(self, encoder: TextEncoder, config: ScorerConfig, descriptions: DescriptionVectors) -> None:
        super().__init__()
        self.config = config
        self.encoder = encoder.trainable_copy(config.trainable_layers)
        # In a list, so that the frozen encoder is no part of this module's weights.
        self._descriptions = [descriptions]
        widths = {
            "description": encoder.token_size,
            "item": config.embedding_size,
            "viewer": config.embedding_size,
        }
        self.adapters = nn.ModuleDict(
            {
                name: Adapter(
                    embedding_size=widths[name],
                    token_size=encoder.token_size,
                    prefix_tokens=config.prefix_tokens,
                    hidden_size=config.adapter_hidden_size,
                    token_std=encoder.token_std,
                )
                for name in config.uses
            }
        )
        self.head = nn.Sequential(
            nn.LayerNorm(encoder.token_size),
            nn.Dropout(config.dropout),
            nn.Linear(encoder.token_size, config.head_size),
            nn.GELU(),
            nn.Linear(config.head_size, 1),
        )
        self.text_to_cf = nn.Linear(encoder.token_size, config.embedding_size)
        nn.init.zeros_(self.text_to_cf.weight)
        nn.init.zeros_(self.text_to_cf.bias)
        self.register_buffer("score_mean", torch.zeros(()))
        self.register_buffer("temperature", torch.ones(()))
        for kind in ("item", "viewer"):
            self.register_buffer(f"{kind}_mean", torch.zeros(config.embedding_size))
            self.register_buffer(f"{kind}_std", torch.ones(config.embedding_size))

    @property
    def descriptions(self) -> DescriptionVectors:
        """The frozen description vectors this scorer is conditioned on."""
        return self._descriptions[0]

    def standardize_over(self, contexts: Sequence[Context]) -> None:
        """Take per-coordinate means and deviations of i and u over the distinct items and viewers.

        Coordinates that do not vary (the constant 1 beside a bias) keep a deviation of 1.
        """
        items = {context.item_id: context.item_vector for context in contexts}
        viewers = {context.viewer_id: context.viewer_vector for context in contexts}
        for kind, vectors in (("item", items), ("viewer", viewers)):
            matrix = np.stack(list(vectors.values())).astype(np.float64)
            if matrix.shape[1] != self.config.embedding_size:
                raise ValueError(
                    f"{kind} vectors have width {matrix.shape[1]}, the scorer expects "
                    f"{self.config.embedding_size}"
                )
            std = matrix.std(axis=0)
            std[std < 1e-6] = 1.0
            getattr(self, f"{kind}_mean").copy_(torch.from_numpy(matrix.mean(axis=0)))
            getattr(self, f"{kind}_std").copy_(torch.from_numpy(std))

    def forward(self, contexts: Sequence[Context], texts: Sequence[str]) -> Tensor:
        """R(Y; c), float32 [B], differentiable in the weights, on the scorer's own raw scale."""
        if len(contexts) != len(texts):
            raise ValueError(f"{len(contexts)} contexts for {len(texts)} texts")
        prefix = self._soft_tokens(contexts)
        with autocast(self.encoder.device):
            pooled = self.encoder.pooled(texts, prefix)
        score: Tensor = self.head(pooled).squeeze(-1)
        if "viewer" in self.config.uses:
            viewer = self._standardized("viewer", contexts)
            score = score + (self.text_to_cf(pooled) * viewer).sum(dim=-1)
        return score - self.score_mean

    @torch.no_grad()
    def score(self, contexts: Sequence[Context], texts: Sequence[str]) -> Tensor:
        """R(Y; c) without gradients, float32 [B], in length-sorted batches."""
        if len(contexts) != len(texts):
            raise ValueError(f"{len(contexts)} contexts for {len(texts)} texts")
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        scores = torch.zeros(len(texts), device=self.encoder.device)
        training = self.training
        self.eval()
        for start in range(0, len(order), SCORING_BATCH):
            rows = order[start : start + SCORING_BATCH]
            batch = self([contexts[row] for row in rows], [texts[row] for row in rows])
            scores[torch.tensor(rows, device=scores.device)] = batch
        self.train(training)
        return scores

    def _soft_tokens(self, contexts: Sequence[Context]) -> Tensor | None:
        tokens = []
        for name in self.config.uses:
            if name == "description":
                vectors = self.descriptions.of([context.item_description for context in contexts])
            else:
                vectors = self._standardized(name, contexts)
            tokens.append(self.adapters[name](vectors))
        return torch.cat(tokens, dim=1) if tokens else None

    def _standardized(self, kind: str, contexts: Sequence[Context]) -> Tensor:
        rows = [context.item_vector if kind == "item" else context.viewer_vector for context in contexts]
        matrix = torch.from_numpy(np.stack(rows)).to(self.encoder.device, torch.float32)
        if matrix.shape[1] != self.config.embedding_size:
            raise ValueError(
                f"{kind} vectors have width {matrix.shape[1]}, the scorer expects "
                f"{self.config.embedding_size}"
            )
        standardized: Tensor = (matrix - getattr(self, f"{kind}_mean")) / getattr(self, f"{kind}_std")
        return standardized
