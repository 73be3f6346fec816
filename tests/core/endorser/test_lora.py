"""Low-rank adaptation in place."""

import pytest
import torch

from modelsvc.core.endorser.lora import add_lora, has_lora, lora_disabled, merge_lora
from modelsvc.core.endorser.pretrained import tiny_random

IDS = torch.tensor([[1, 2, 3]])


@torch.no_grad()
def test_disabled_is_the_original_and_merged_is_the_adapted() -> None:
    transformer = tiny_random().transformer
    names = [name for name, _ in transformer.named_parameters()]
    original = transformer(IDS).logits
    add_lora(transformer, rank=2, alpha=4, seed=0)
    assert torch.equal(transformer(IDS).logits, original)  # B starts at zero
    for name, parameter in transformer.named_parameters():
        if "lora_B" in name:
            parameter.normal_()
    adapted = transformer(IDS).logits
    assert not torch.allclose(adapted, original)
    with lora_disabled(transformer):
        assert torch.equal(transformer(IDS).logits, original)
    assert torch.equal(transformer(IDS).logits, adapted)
    merge_lora(transformer)
    assert torch.allclose(transformer(IDS).logits, adapted, atol=1e-5)
    assert [name for name, _ in transformer.named_parameters()] == names
    assert not has_lora(transformer)


def test_only_the_low_rank_part_is_trained_also_after_disabling() -> None:
    transformer = tiny_random().transformer
    add_lora(transformer, rank=2, alpha=4, seed=0)
    trained = {name for name, p in transformer.named_parameters() if p.requires_grad}
    assert trained
    assert all("lora_" in name for name in trained)
    with lora_disabled(transformer):
        pass
    assert {name for name, p in transformer.named_parameters() if p.requires_grad} == trained


def test_the_seed_decides_and_the_callers_random_state_is_left_alone() -> None:
    first, second = tiny_random().transformer, tiny_random().transformer
    state = torch.random.get_rng_state()
    add_lora(first, rank=2, alpha=4, seed=5)
    assert torch.equal(state, torch.random.get_rng_state())
    torch.rand(3)
    add_lora(second, rank=2, alpha=4, seed=5)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)
    with pytest.raises(ValueError, match="already"):
        add_lora(first, rank=2, alpha=4, seed=5)
