"""W_I and W_U: from a collaborative-filtering vector to a few soft tokens. Source: sec. 3, App. B.1."""

import torch
from torch import Tensor, nn


class Adapter(nn.Module):
    """A 3-layer feed-forward network with ReLU, mapping V to Z^P (P prefix tokens).

    The last layer ends in a LayerNorm without affine part whose output is multiplied by
    ``token_std``, the standard deviation of the transformer's own token embeddings, so that
    soft tokens start on the scale that attention expects; a learned gain starts at one.
    Vectors are standardised per component first (``fit``), because factors come on any scale and
    biases are often appended as constant columns; before ``fit`` they pass as they are.

    Args:
        embedding_size: D, width of the collaborative-filtering vectors.
        token_size: Z, width of the transformer's token embeddings.
        prefix_tokens: P, soft tokens per vector.
        hidden_size: width of the two hidden layers.
        token_std: standard deviation of the token embeddings, in their units.
    """

    token_std: Tensor
    vector_mean: Tensor
    vector_std: Tensor
    is_fitted: Tensor

    def __init__(
        self,
        *,
        embedding_size: int,
        token_size: int,
        prefix_tokens: int,
        hidden_size: int,
        token_std: float,
    ) -> None:
        super().__init__()
        self.embedding_size = embedding_size
        self.token_size = token_size
        self.prefix_tokens = prefix_tokens
        self.layers = nn.Sequential(
            nn.Linear(embedding_size, hidden_size),
            nn.ReLU(),
            nn.Linear(hidden_size, hidden_size),
            nn.ReLU(),
            nn.Linear(hidden_size, prefix_tokens * token_size),
        )
        self.norm = nn.LayerNorm(token_size, elementwise_affine=False)
        self.gain = nn.Parameter(torch.ones(prefix_tokens, 1))
        self.register_buffer("token_std", torch.tensor(float(token_std)))
        self.register_buffer("vector_mean", torch.zeros(embedding_size))
        self.register_buffer("vector_std", torch.ones(embedding_size))
        self.register_buffer("is_fitted", torch.tensor(False))

    @torch.no_grad()
    def fit(self, vectors: Tensor) -> None:
        """Take mean and standard deviation per component from vectors [N, D]; a constant one keeps scale 1.

        Raises:
            ValueError: if there are no vectors of this width.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.embedding_size or len(vectors) == 0:
            raise ValueError(
                f"expected vectors [N, {self.embedding_size}], N > 0, got {tuple(vectors.shape)}"
            )
        std = vectors.std(dim=0, correction=0)
        self.vector_mean.copy_(vectors.mean(dim=0))
        # Relative to the typical component, so that rounding noise in a constant one is not blown up.
        self.vector_std.copy_(torch.where(std > 1e-5 * (std.mean() + 1e-12), std, torch.ones_like(std)))
        self.is_fitted.fill_(True)

    def forward(self, vectors: Tensor) -> Tensor:
        """Map vectors [B, D] to soft tokens [B, P, Z].

        Raises:
            ValueError: if the vectors are not [B, D] with this adapter's D.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.embedding_size:
            raise ValueError(
                f"adapter expects vectors of shape [B, {self.embedding_size}], got {tuple(vectors.shape)}"
            )
        standard = (vectors - self.vector_mean) / self.vector_std
        tokens: Tensor = self.layers(standard).view(-1, self.prefix_tokens, self.token_size)
        soft: Tensor = self.norm(tokens) * self.gain * self.token_std
        return soft
