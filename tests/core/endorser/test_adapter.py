"""W_I and W_U."""

import pytest
import torch
from torch import nn

from modelsvc.core.endorser.adapter import Adapter


def adapter() -> Adapter:
    torch.manual_seed(0)
    return Adapter(embedding_size=3, token_size=8, prefix_tokens=2, hidden_size=16, token_std=0.1)


def test_three_layers_with_relu_between() -> None:
    kinds = [type(layer) for layer in adapter().layers]
    assert kinds == [nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear]


def test_soft_tokens_have_the_scale_of_token_embeddings() -> None:
    soft = adapter()(torch.randn(5, 3))
    assert soft.shape == (5, 2, 8)
    assert torch.allclose(soft.std(dim=-1, correction=0), torch.full((5, 2), 0.1), atol=1e-3)


def test_fit_makes_the_scale_of_the_vectors_irrelevant() -> None:
    vectors = torch.randn(20, 3)
    plain, stretched = adapter(), adapter()
    plain.fit(vectors)
    stretched.fit(100 * vectors + 7)
    assert torch.allclose(plain(vectors), stretched(100 * vectors + 7), atol=1e-4)


def test_a_constant_component_keeps_its_scale() -> None:
    vectors = torch.cat([torch.randn(20, 2), torch.full((20, 1), 1.0)], dim=1)
    fitted = adapter()
    fitted.fit(vectors)
    assert fitted.vector_std[2] == 1.0
    assert bool(torch.isfinite(fitted(vectors)).all())


def test_vectors_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[B, 3\]"):
        adapter()(torch.zeros(2, 4))
    with pytest.raises(ValueError, match="N > 0"):
        adapter().fit(torch.zeros(0, 3))
