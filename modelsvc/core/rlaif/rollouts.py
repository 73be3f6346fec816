"""Which contexts a step samples from, and the guards on what it samples."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from modelsvc.core.endorser.context import Context
from modelsvc.core.endorser.text_guards import repetition_share, words
from modelsvc.core.rlaif.config import OnPolicyConfig


def guard_penalties(texts: Sequence[str], config: OnPolicyConfig) -> Tensor:
    """guard_penalty for texts that repeat themselves or are too short, else 0: float32 [B]."""
    bad = [
        repetition_share(text) > config.repetition_limit or len(words(text)) < config.min_words
        for text in texts
    ]
    return config.guard_penalty * torch.tensor(bad, dtype=torch.float32)


def step_contexts(contexts: Sequence[Context], config: OnPolicyConfig, step: int) -> list[Context]:
    """The contexts of a step: every context once per pass over them, in an order from the seed."""
    per_step, count = config.contexts_per_step, len(contexts)
    chosen = []
    for place in range(step * per_step, (step + 1) * per_step):
        epoch, at = divmod(place, count)
        chosen.append(contexts[int(np.random.default_rng([config.seed, epoch]).permutation(count)[at])])
    return chosen
