"""A tiny random endorser and contexts with random vectors."""

import numpy as np
import torch

from modelsvc.core.endorser.config import EndorserConfig
from modelsvc.core.endorser.context import Context
from modelsvc.core.endorser.model import Endorser
from modelsvc.core.endorser.pretrained import tiny_random

WIDTH = 6


def tiny_endorser(*, use_embeddings: bool = True, prefix_tokens: int = 2, **limits: int) -> Endorser:
    """A random endorser over bytes, in evaluation mode."""
    pretrained = tiny_random()
    config = EndorserConfig(
        base_model="tiny",
        embedding_size=WIDTH,
        prefix_tokens=prefix_tokens,
        hidden_size=16,
        use_embeddings=use_embeddings,
        **limits,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        endorser = Endorser(pretrained.transformer, pretrained.tokenizer, config)
    endorser.eval()
    return endorser


def some_contexts(count: int) -> list[Context]:
    """Contexts whose descriptions differ in length."""
    random = np.random.default_rng(7)
    return [
        Context(
            item_id=f"i{k}",
            viewer_id=f"u{k}",
            item_title=f"Film {k}",
            item_description="Rain. " * (k + 1),
            item_vector=random.normal(size=WIDTH).astype(np.float32),
            viewer_vector=random.normal(size=WIDTH).astype(np.float32),
            profile=(f"They like the number {k}.",),
        )
        for k in range(count)
    ]
