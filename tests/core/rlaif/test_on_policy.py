"""The on-policy loop on a tiny random endorser."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import torch

from modelsvc.core.endorser.context import Context
from modelsvc.core.endorser.lora import has_lora
from modelsvc.core.endorser.model import Endorser
from modelsvc.core.endorser.training_state import ResumeError
from modelsvc.core.rlaif.config import OnPolicyConfig
from modelsvc.core.rlaif.on_policy import OnPolicyTrainer, SampleText, train_on_policy
from modelsvc.core.rlaif.rollouts import guard_penalties, step_contexts
from tests.core.endorser.tiny import some_contexts, tiny_endorser

FAST = OnPolicyConfig(
    steps=4, contexts_per_step=2, samples_per_context=2, max_new_tokens=8, min_words=0, precision="fp32",
    checkpoint_every=2,
)  # fmt: skip


def share_of_ascii(
    contexts: Sequence[Context], texts: Sequence[str], truncated: Sequence[bool]
) -> Mapping[str, torch.Tensor]:
    """A reward that random bytes can climb: the share of letters a to z."""
    share = torch.tensor([sum("a" <= letter <= "z" for letter in text) / (len(text) + 1) for text in texts])
    return {"joint": share, "half": share / 2}


def sharp_endorser() -> Endorser:
    """Its tokens differ in probability, unlike those of a fresh random model, so that few steps move it."""
    endorser = tiny_endorser()
    with torch.no_grad():
        endorser.transformer.get_output_embeddings().weight.mul_(15.0)
    return endorser


def weights(endorser: Endorser) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in endorser.state_dict().items()}


@pytest.mark.parametrize("kind", ["lora", "all"])
def test_the_reward_rises_and_the_reference_stays(kind: str) -> None:
    endorser = sharp_endorser()
    before = weights(endorser)
    config = FAST.model_copy(
        update={
            "weights": kind, "steps": 40, "samples_per_context": 8, "beta": 0.001, "lora_rank": 8,
            "learning_rate": 5e-3, "max_kl_nats_per_token": 50.0,
        }
    )  # fmt: skip
    trainer = OnPolicyTrainer(endorser, some_contexts(4), share_of_ascii, config)
    report = trainer.run()
    rewards = report.column("reward_joint")
    assert sum(rewards[-5:]) / 5 > sum(rewards[:5]) / 5 + 0.4
    kl = report.column("kl_nats_per_token")
    assert kl[0] == 0.0
    assert kl[-1] > 0.05
    after = weights(endorser)
    assert set(after) == set(before)
    assert not has_lora(endorser.transformer)
    for name in before:
        if name.startswith("adapters."):
            assert torch.equal(before[name], after[name])


def test_the_kl_term_holds_the_policy_back() -> None:
    reached = {}
    for beta in (0.0, 5.0):
        config = FAST.model_copy(
            update={
                "steps": 25, "samples_per_context": 8, "beta": beta, "learning_rate": 5e-3,
                "max_kl_nats_per_token": 50.0, "whiten": True,
            }
        )  # fmt: skip
        report = train_on_policy(sharp_endorser(), some_contexts(4), share_of_ascii, config)
        reached[beta] = sum(report.column("kl_nats_per_token")[-5:])
    assert reached[5.0] < 0.1 * reached[0.0]


def test_an_interrupted_run_resumes_to_the_same_weights(tmp_path: Path) -> None:
    whole = sharp_endorser()
    expected = train_on_policy(whole, some_contexts(4), share_of_ascii, FAST)

    def stop(step: int, total: int, metrics: Mapping[str, float]) -> None:
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_on_policy(
            sharp_endorser(),
            some_contexts(4),
            share_of_ascii,
            FAST,
            on_step=stop,
            state_folder=tmp_path / "s",
        )
    resumed = sharp_endorser()
    report = train_on_policy(resumed, some_contexts(4), share_of_ascii, FAST, state_folder=tmp_path / "s")
    assert report.column("reward_joint") == expected.column("reward_joint")
    for name, tensor in weights(resumed).items():
        assert torch.equal(tensor, weights(whole)[name]), name


def test_a_kl_blow_up_stops_the_run_and_stays_stopped(tmp_path: Path) -> None:
    config = FAST.model_copy(update={"max_kl_nats_per_token": 1e-6, "learning_rate": 0.1, "steps": 20})
    report = train_on_policy(
        sharp_endorser(), some_contexts(4), share_of_ascii, config, state_folder=tmp_path / "s"
    )
    assert report.stopped_by == "kl"
    assert len(report.history) < 20
    again = train_on_policy(
        sharp_endorser(), some_contexts(4), share_of_ascii, config, state_folder=tmp_path / "s"
    )
    assert (again.stopped_by, len(again.history)) == ("kl", len(report.history))


def test_everything_promised_is_logged_and_samples_are_shown() -> None:
    rows: list[Mapping[str, float]] = []
    shown: list[SampleText] = []
    config = FAST.model_copy(update={"sample_every": 3, "steps": 5, "target_kl_nats_per_token": 0.01})
    train_on_policy(
        sharp_endorser(), some_contexts(4), share_of_ascii, config,
        on_step=lambda step, total, metrics: rows.append(metrics), on_samples=shown.extend,
    )  # fmt: skip
    assert {
        "reward_joint", "reward_half", "reward_after_guards", "guarded_share", "truncated_share",
        "repetition_share", "length_tokens", "length_words", "kl_nats_per_token", "kl_nats_per_text",
        "entropy_nats_per_token", "grad_norm", "beta", "tokens_per_s", "generated_tokens_per_s", "step_s",
    } <= set(rows[0])  # fmt: skip
    assert rows[0]["reward_half"] == pytest.approx(rows[0]["reward_joint"] / 2)
    assert sorted({sample.step for sample in shown}) == [0, 3, 4]
    assert len(shown) == 3 * config.contexts_per_step
    assert rows[1]["beta"] < rows[0]["beta"]  # KL 0 is under the target


def test_dropout_is_off_so_that_policy_and_reference_start_equal() -> None:
    endorser = sharp_endorser()
    for module in endorser.modules():
        if hasattr(module, "attention_dropout"):
            module.attention_dropout = 0.5
    endorser.train()
    report = train_on_policy(endorser, some_contexts(4), share_of_ascii, FAST)
    assert report.history[0]["kl_nats_per_token"] == 0.0


def test_a_state_of_another_sft_policy_is_refused(tmp_path: Path) -> None:
    train_on_policy(sharp_endorser(), some_contexts(4), share_of_ascii, FAST, state_folder=tmp_path / "s")
    with pytest.raises(ResumeError, match="starting weights"):
        train_on_policy(tiny_endorser(), some_contexts(4), share_of_ascii, FAST, state_folder=tmp_path / "s")


def test_guards_by_hand() -> None:
    config = OnPolicyConfig(min_words=3, repetition_limit=0.2, guard_penalty=2.0)
    texts = ["two words", "one fine day in spring", "so good " * 20]
    assert guard_penalties(texts, config).tolist() == [2.0, 0.0, 2.0]


def test_every_context_comes_up_once_per_pass() -> None:
    contexts = some_contexts(6)
    seen = [context.item_id for step in range(3) for context in step_contexts(contexts, FAST, step)]
    assert sorted(seen) == [f"i{k}" for k in range(6)]
    assert [c.item_id for c in step_contexts(contexts, FAST, 1)] == seen[2:4]


def test_a_reward_that_is_not_a_number_stops_the_run() -> None:
    def broken(
        contexts: Sequence[Context], texts: Sequence[str], truncated: Sequence[bool]
    ) -> Mapping[str, torch.Tensor]:
        return {"joint": torch.full((len(texts),), float("nan"))}

    with pytest.raises(ValueError, match="finite"):
        train_on_policy(sharp_endorser(), some_contexts(2), broken, FAST)


def test_configs_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValueError, match="leave-one-out"):
        OnPolicyConfig(samples_per_context=1)
    with pytest.raises(ValueError, match="needs contexts"):
        train_on_policy(sharp_endorser(), [], share_of_ascii, FAST)
