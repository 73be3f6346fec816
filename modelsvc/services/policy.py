"""Run kind ``policy``: REINFORCE with KL on the joint reward turns SFT into P4LM."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from annotations.queries.records import catalogue_endorsements, catalogue_pairs
from annotations.runs.context import RunContext
from modelsvc.bridge import contexts_of
from modelsvc.configs import PolicyConfig


class NoReferenceTextError(RuntimeError):
    """Eq. 2 needs Y_ref for every context, and the reference system has no text for any training pair."""


def train(run: RunContext) -> dict[str, Any]:
    """Fine-tune the endorser given as ``sft`` against ``rewards``; the policy is artifact ``endorser``."""
    from modelsvc.core.collab.embeddings import Embeddings
    from modelsvc.core.endorser.checkpoint import load_endorser, save_endorser
    from modelsvc.core.rewards.joint import JointRewardConfig
    from modelsvc.core.rewards.reward_models import RewardModels
    from modelsvc.core.rlaif.config import OnPolicyConfig
    from modelsvc.core.rlaif.on_policy import SampleText, train_on_policy

    config = run.config
    assert isinstance(config, PolicyConfig)
    assert run.catalogue_id is not None
    embeddings = Embeddings.load(run.input_folder("embeddings", "embeddings"))
    rewards_artifact = run.input_artifact("rewards", "rewards")
    rewards = RewardModels.load(run.input_folder("rewards", "rewards"))
    pairs = [pair for pair in catalogue_pairs(run.catalogue_id, ("train",)) if pair.item.description]
    chosen = np.random.default_rng(run.seed).permutation(len(pairs))[: config.pairs]
    by_rows = contexts_of([pairs[index] for index in chosen], embeddings)
    references = {
        (text.item_id, text.viewer_id): text.text
        for text in catalogue_endorsements(
            run.catalogue_id, systems=[config.reference_system], splits=("train",)
        )
    }
    by_rows = {key: context for key, context in by_rows.items() if key in references}
    if not by_rows:
        raise NoReferenceTextError(f"system {config.reference_system!r} has no text for any training pair")
    contexts = list(by_rows.values())
    reward = rewards.reward_function(
        {(context.item_id, context.viewer_id): references[key] for key, context in by_rows.items()},
        JointRewardConfig(
            form=config.reward_form,
            prec=config.eta_prec,
            app=config.eta_app,
            pcov=config.eta_pcov,
            ppr=config.eta_ppr,
        ),
    )
    run.progress(0, config.steps, "loading the SFT endorser")
    endorser = load_endorser(run.input_folder("sft", "endorser"))

    def on_step(step: int, steps: int, metrics: Mapping[str, float]) -> None:
        run.metrics(step, **metrics)
        run.progress(step, steps, f"joint reward {metrics['reward_joint']:.2f}")

    def on_samples(samples: Sequence[SampleText]) -> None:
        for sample in samples:
            run.sample(
                sample.text,
                step=sample.step,
                item=sample.item_id,
                viewer=sample.viewer_id,
                joint_reward=sample.joint_reward,
            )

    report = train_on_policy(
        endorser,
        contexts,
        reward,
        OnPolicyConfig(
            steps=config.steps,
            contexts_per_step=config.contexts_per_step,
            samples_per_context=config.samples_per_context,
            beta=config.beta,
            learning_rate=config.learning_rate,
            max_new_tokens=config.max_new_tokens,
            seed=run.seed,
        ),
        on_step=on_step,
        on_samples=on_samples,
        state_folder=run.scratch / "policy",
    )
    joint = report.column("reward_joint")
    tenth = max(1, len(joint) // 10)
    result: dict[str, Any] = {
        "steps": len(joint),
        "stopped_by": report.stopped_by,
        "joint_reward_first": float(np.mean(joint[:tenth])),
        "joint_reward_last": float(np.mean(joint[-tenth:])),
        "kl_nats_per_token": report.column("kl_nats_per_token")[-1],
    }
    run.log(
        f"joint reward {result['joint_reward_first']:.2f} at first, "
        f"{result['joint_reward_last']:.2f} at last; "
        f"stopped by {report.stopped_by}"
    )
    folder = run.scratch / "endorser"
    save_endorser(endorser, folder, data_sha256={"rewards": rewards_artifact.sha256})
    run.commit_artifact("endorser", folder, result)
    return result
