"""The whole machine-side core in miniature: stage 1, stage 2, generate, one RL step, save, load."""

from pathlib import Path

import numpy as np
import torch

from modelsvc.core.endorser.checkpoint import load_endorser, save_endorser
from modelsvc.core.endorser.config import EndorserConfig, GenerationSettings
from modelsvc.core.endorser.context import Context
from modelsvc.core.endorser.pretrained import new_endorser
from modelsvc.core.endorser.tasks import Endorsed, ItemText, ViewerText
from modelsvc.core.endorser.training import TrainingConfig, train_stage_1, train_stage_2
from modelsvc.core.rlaif.config import OnPolicyConfig
from modelsvc.core.rlaif.on_policy import train_on_policy


def test_from_stage_1_to_a_fine_tuned_policy_and_back_from_disk(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    contexts = [
        Context(
            f"i{k}",
            f"u{k}",
            f"Film {k}",
            "A short film.",
            random.normal(size=8).astype(np.float32),
            random.normal(size=8).astype(np.float32),
            ("They laugh.",),
        )
        for k in range(4)
    ]
    config = EndorserConfig(base_model="tiny", embedding_size=8, prefix_tokens=2, hidden_size=16)
    endorser = new_endorser(config, cache_dir=tmp_path)
    first = train_stage_1(
        endorser,
        [ItemText(c.item_vector, c.item_title, c.item_description) for c in contexts],
        [ViewerText(c.viewer_vector, c.profile) for c in contexts],
        TrainingConfig(weights="adapters", steps=3, batch_size=4, precision="fp32"),
    )
    pairs = [Endorsed(c, f"You will like {c.item_title}.") for c in contexts]
    second = train_stage_2(
        endorser, pairs, TrainingConfig(steps=30, batch_size=4, learning_rate=3e-3, precision="fp32")
    )
    assert len(first.losses) == 3
    assert second.final_loss < 0.8 * second.losses[0]

    def share_of_letter_l(contexts: object, texts: list[str], truncated: object) -> dict[str, torch.Tensor]:
        return {"joint": torch.tensor([text.count("l") / (1 + len(text)) for text in texts])}

    seen: list[tuple[int, int]] = []
    report = train_on_policy(
        endorser,
        contexts,
        share_of_letter_l,
        OnPolicyConfig(
            steps=2, contexts_per_step=2, samples_per_context=2, max_new_tokens=12, precision="fp32"
        ),
        on_step=lambda step, total, metrics: seen.append((step, total)),
    )
    assert seen == [(1, 2), (2, 2)]
    assert report.history[0]["kl_nats_per_token"] == 0.0

    save_endorser(endorser, tmp_path / "p4lm")
    again = load_endorser(tmp_path / "p4lm")
    settings = GenerationSettings(max_new_tokens=16, precision="fp32")
    assert (
        again.generate(contexts, settings, seed=1).texts
        == endorser.generate(contexts, settings, seed=1).texts
    )
