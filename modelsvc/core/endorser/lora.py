"""Low-rank adaptation of the transformer, in place. Source: Hu et al. 2021, cited in sec. 3 and App. B.1."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn


def _layers(transformer: nn.Module) -> list[tuple[str, BaseTunerLayer]]:
    return [
        (name, module) for name, module in transformer.named_modules() if isinstance(module, BaseTunerLayer)
    ]


def has_lora(transformer: nn.Module) -> bool:
    """True if low-rank layers are in place."""
    return bool(_layers(transformer))


def add_lora(transformer: nn.Module, *, rank: int, alpha: float, seed: int) -> None:
    """Put W + (alpha / rank) B A beside every linear layer but the output layer; B starts at zero.

    The transformer's own weights are frozen, so that with the low-rank part disabled it is the reference.

    Raises:
        ValueError: if low-rank layers are already in place.
    """
    if has_lora(transformer):
        raise ValueError("the transformer has low-rank layers already; merge them first")
    transformer.requires_grad_(False)
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules="all-linear", lora_dropout=0.0, bias="none")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inject_adapter_in_model(config, transformer)
    for name, parameter in transformer.named_parameters():
        parameter.requires_grad_("lora_" in name)


@contextmanager
def lora_disabled(transformer: nn.Module) -> Iterator[None]:
    """Within, the transformer is the one that add_lora was called on: the reference policy."""
    layers = [layer for _, layer in _layers(transformer)]
    trained = [(parameter, parameter.requires_grad) for layer in layers for parameter in layer.parameters()]
    try:
        for layer in layers:
            layer.enable_adapters(False)
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)
        for parameter, requires_grad in trained:
            parameter.requires_grad_(requires_grad)


def merge_lora(transformer: nn.Module) -> None:
    """Fold the low-rank part into the weights and take it away; outputs stay equal."""
    for name, layer in _layers(transformer):
        layer.merge()
        parent_name, _, child = name.rpartition(".")
        setattr(transformer.get_submodule(parent_name), child, layer.get_base_layer())
    if hasattr(transformer, "peft_config"):
        del transformer.peft_config
