"""Phi_BC, the anchor of the KL term. Source: sec. 4.2, eq. 3."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

from transformers import PreTrainedModel

from modelsvc.core.endorser.lora import add_lora, lora_disabled, merge_lora
from modelsvc.core.endorser.model import Endorser
from modelsvc.core.rlaif.config import OnPolicyConfig


class ReferencePolicy:
    """Phi_BC: the policy as it was before fine-tuning.

    With LoRA it is the same weights with the low-rank part off; with all weights it is a frozen copy.
    The adapters W_I and W_U stay frozen during RL, so both policies read the same soft tokens.
    """

    def __init__(self, endorser: Endorser, config: OnPolicyConfig) -> None:
        self._endorser = endorser
        merge_lora(endorser.transformer)  # what SFT learned belongs to the reference
        endorser.requires_grad_(False)
        self._frozen: PreTrainedModel | None = None
        if config.weights == "lora":
            add_lora(endorser.transformer, rank=config.lora_rank, alpha=config.lora_alpha, seed=config.seed)
        else:
            self._frozen = copy.deepcopy(endorser.transformer)
            endorser.transformer.requires_grad_(True)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Within, the endorser computes with the reference's weights."""
        if self._frozen is None:
            with lora_disabled(self._endorser.transformer):
                yield
            return
        policy = self._endorser.transformer
        self._endorser.transformer = self._frozen
        try:
            yield
        finally:
            self._endorser.transformer = policy
