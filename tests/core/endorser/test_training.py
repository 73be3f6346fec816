"""Two-stage behaviour cloning."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from modelsvc.core.endorser.divergence import TrainingDivergedError
from modelsvc.core.endorser.lora import has_lora
from modelsvc.core.endorser.model import Endorser
from modelsvc.core.endorser.schedule import learning_rate_factor
from modelsvc.core.endorser.tasks import AuxiliaryTask, Endorsed, ItemText, ViewerText
from modelsvc.core.endorser.training import TrainingConfig, train_stage_1, train_stage_2
from modelsvc.core.endorser.training_state import ResumeError
from tests.core.endorser.tiny import some_contexts, tiny_endorser

PAIRS = [Endorsed(context, f"You may like {context.item_title}." * (k % 3 + 1)) for k, context in
         enumerate(some_contexts(12))]  # fmt: skip
ITEMS = [ItemText(c.item_vector, c.item_title, c.item_description) for c in some_contexts(6)]
VIEWERS = [ViewerText(c.viewer_vector, ("They laugh.", "They cry.", *c.profile)) for c in some_contexts(6)]


def tiny_config(**values: object) -> TrainingConfig:
    """float32, so that sums in another order agree."""
    return TrainingConfig(precision="fp32", **values)  # type: ignore[arg-type]


def weights(endorser: Endorser) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in endorser.state_dict().items()}


def test_one_by_four_passes_equal_four_at_once() -> None:
    outcomes = []
    for batch_size, accumulate in ((4, 1), (1, 4), (2, 2)):
        endorser = tiny_endorser()
        config = tiny_config(steps=4, batch_size=batch_size, accumulate=accumulate)
        report = train_stage_2(endorser, PAIRS, config)
        outcomes.append((report.losses, weights(endorser)))
    for losses, other in outcomes[1:]:
        assert losses == pytest.approx(outcomes[0][0], abs=1e-5)
        for name, tensor in other.items():
            assert torch.allclose(tensor, outcomes[0][1][name], atol=2e-5), name


def test_stage_1_trains_the_adapters_and_leaves_the_transformer() -> None:
    endorser = tiny_endorser()
    before = weights(endorser)
    report = train_stage_1(
        endorser,
        ITEMS,
        VIEWERS,
        tiny_config(weights="adapters", steps=30, batch_size=6, adapter_learning_rate=1e-2),
    )
    after = weights(endorser)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.startswith("adapters.") for name in changed)
    assert {name.split(".")[1] for name in changed} == {"item", "viewer"}
    assert report.final_loss < report.losses[0]
    with pytest.raises(ValueError, match="adapters only"):
        train_stage_1(endorser, ITEMS, VIEWERS, tiny_config(weights="all"))


def test_the_auxiliary_task_varies_by_epoch_and_repeats_by_seed() -> None:
    prompts = tiny_endorser().prompts
    task = AuxiliaryTask(prompts, ITEMS, VIEWERS, seed=1, attributes_shown=2)
    answers = [[example.answer for example in task.examples(epoch)] for epoch in (0, 0, 1)]
    assert answers[0] == answers[1]
    assert answers[0][:6] == answers[2][:6]
    assert answers[0][6:] != answers[2][6:]


def test_lora_trains_few_weights_and_all_trains_all() -> None:
    endorser = tiny_endorser()
    before = weights(endorser)
    config = tiny_config(weights="lora", steps=3, batch_size=4, lora_rank=2)
    train_stage_2(endorser, PAIRS, config)
    assert has_lora(endorser.transformer)
    after = weights(endorser)
    base = [name for name in after if "base_layer" in name]
    assert base
    for name in base:
        assert torch.equal(after[name], before[name.replace("base_layer.", "")])
    train_stage_2(endorser, PAIRS, tiny_config(weights="all", steps=1, batch_size=4))
    assert not has_lora(endorser.transformer)
    assert set(weights(endorser)) == set(before)


class Interrupted(Exception):
    """Raised from a callback, as a cancelled run would."""


@pytest.mark.parametrize("kind", ["all", "lora"])
def test_an_interrupted_run_resumes_to_the_same_weights(kind: str, tmp_path: Path) -> None:
    config = tiny_config(weights=kind, steps=8, batch_size=4, checkpoint_every=3)  # type: ignore[arg-type]
    whole = tiny_endorser()
    expected = train_stage_2(whole, PAIRS, config)

    def stop(step: int, total: int, metrics: Mapping[str, float]) -> None:
        if step == 5:
            raise Interrupted

    with pytest.raises(Interrupted):
        train_stage_2(tiny_endorser(), PAIRS, config, on_step=stop, state_folder=tmp_path / "state")
    resumed = tiny_endorser()
    steps: list[int] = []
    report = train_stage_2(
        resumed,
        PAIRS,
        config,
        on_step=lambda step, total, metrics: steps.append(step),
        state_folder=tmp_path / "state",
    )
    assert steps == [4, 5, 6, 7, 8]
    assert report.losses == expected.losses
    for name, tensor in weights(resumed).items():
        assert torch.equal(tensor, weights(whole)[name]), name
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == ["state.json", "state.safetensors"]


def test_a_state_of_another_run_is_refused(tmp_path: Path) -> None:
    config = tiny_config(steps=1, batch_size=4)
    train_stage_2(tiny_endorser(), PAIRS, config, state_folder=tmp_path / "state")
    with pytest.raises(ResumeError, match="another run"):
        train_stage_2(tiny_endorser(), PAIRS[1:], config, state_folder=tmp_path / "state")


def test_a_state_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    config = tiny_config(steps=1, batch_size=4)
    train_stage_2(tiny_endorser(), PAIRS, config, state_folder=tmp_path / "state")
    (tmp_path / "state" / "state.safetensors").write_bytes(b"cut short")
    with pytest.raises(ResumeError, match="not a readable state"):
        train_stage_2(tiny_endorser(), PAIRS, config, state_folder=tmp_path / "state")


def test_dropout_follows_the_seed() -> None:
    found = []
    for before in (1, 2):
        torch.manual_seed(before)
        endorser = tiny_endorser()
        for module in endorser.modules():
            if hasattr(module, "attention_dropout"):
                module.attention_dropout = 0.5
        found.append(train_stage_2(endorser, PAIRS, tiny_config(steps=2, batch_size=4)).losses)
    assert found[0] == found[1]


def test_a_loss_that_is_not_a_number_stops_before_the_update(tmp_path: Path) -> None:
    endorser = tiny_endorser()
    with torch.no_grad():
        endorser.transformer.get_output_embeddings().weight[0, 0] = float("nan")
    with pytest.raises(TrainingDivergedError, match="step 1: the loss is nan"):
        train_stage_2(endorser, PAIRS, tiny_config(steps=2, batch_size=4), state_folder=tmp_path / "state")
    assert not (tmp_path / "state").exists()
    assert torch.isfinite(endorser.transformer.get_output_embeddings().weight[1:]).all()


def test_metrics_are_reported_every_step() -> None:
    rows: list[Mapping[str, float]] = []
    train_stage_2(
        tiny_endorser(), PAIRS, tiny_config(steps=2, batch_size=4), on_step=lambda s, t, m: rows.append(m)
    )
    assert len(rows) == 2
    assert set(rows[0]) == {
        "nll_nats_per_token", "grad_norm", "learning_rate_factor", "step_s", "tokens_per_s",
    }  # fmt: skip


def test_sft_text_has_no_stage_1() -> None:
    with pytest.raises(ValueError, match="nothing to train"):
        train_stage_1(tiny_endorser(use_embeddings=False), ITEMS, VIEWERS, tiny_config(weights="adapters"))


def test_data_that_is_missing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs endorsements"):
        train_stage_2(tiny_endorser(), [], tiny_config())
    with pytest.raises(ValueError, match="needs items or viewers"):
        train_stage_1(tiny_endorser(), [], [], tiny_config(weights="adapters"))


def test_schedules_by_hand() -> None:
    def factors(schedule: str) -> list[float]:
        return [
            learning_rate_factor(step, steps=6, warmup_steps=2, schedule=schedule)  # type: ignore[arg-type]
            for step in range(6)
        ]

    assert factors("linear") == [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]
    assert factors("constant") == [0.5, 1.0, 1.0, 1.0, 1.0, 1.0]
    half = float(np.sqrt(0.5))
    assert factors("cosine") == pytest.approx([0.5, 1.0, 1.0, (1 + half) / 2, 0.5, (1 - half) / 2])
