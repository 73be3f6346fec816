"""Run kind ``policy``: REINFORCE with KL on the joint reward turns SFT into P4LM."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from annotations.queries.records import catalogue_endorsements, catalogue_pairs
from annotations.runs.context import RunContext
from modelsvc.bridge import contexts_of
from modelsvc.configs import PolicyConfig
from modelsvc.core.endorser.context import Context
from modelsvc.services.resuming import resumed_or_anew
from modelsvc.services.vectors import shared_embeddings

if TYPE_CHECKING:
    from modelsvc.core.endorser.model import Endorser


class NoReferenceTextError(RuntimeError):
    """Eq. 2 needs Y_ref for every context, and the reference system has no text for any training pair."""


def train(run: RunContext) -> dict[str, Any]:
    """Fine-tune the endorser given as ``sft`` against ``rewards``; the policy is artifact ``endorser``."""
    from modelsvc.core.endorser.checkpoint import load_endorser, save_endorser
    from modelsvc.core.rewards.joint import JointRewardConfig
    from modelsvc.core.rewards.reward_models import RewardModels
    from modelsvc.core.rlaif.config import OnPolicyConfig
    from modelsvc.core.rlaif.on_policy import SampleText, train_on_policy

    config = run.config
    assert isinstance(config, PolicyConfig)
    assert run.catalogue_id is not None
    embeddings = shared_embeddings(run, "sft", "rewards")
    rewards_artifact = run.input_artifact("rewards", "rewards")
    rewards = RewardModels.load(run.input_folder("rewards", "rewards"))
    pairs = [pair for pair in catalogue_pairs(run.catalogue_id, ("train",)) if pair.item.description]
    chosen = np.random.default_rng(run.seed).permutation(len(pairs))[: config.pairs]
    by_rows = contexts_of([pairs[index] for index in chosen], embeddings)
    run.progress(0, config.steps, "loading the SFT endorser")
    endorser = load_endorser(run.input_folder("sft", "endorser"))
    references = _reference_texts(run, endorser, by_rows)
    by_rows = {key: context for key, context in by_rows.items() if key in references}
    if not by_rows:
        raise NoReferenceTextError(
            f"system {config.reference_system!r} has no text for any of the {len(chosen)} train pairs"
            if chosen.size
            else "the catalogue has no train pair whose item has a description"
        )
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

    settings = OnPolicyConfig(
        steps=config.steps,
        contexts_per_step=config.contexts_per_step,
        samples_per_context=config.samples_per_context,
        beta=config.beta,
        learning_rate=config.learning_rate,
        max_new_tokens=config.max_new_tokens,
        seed=run.seed,
    )
    state = run.scratch / "policy"
    report = resumed_or_anew(
        run,
        state,
        lambda: train_on_policy(
            endorser, contexts, reward, settings, on_step=on_step, on_samples=on_samples, state_folder=state
        ),
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


def _reference_texts(
    run: RunContext, endorser: "Endorser", by_rows: Mapping[tuple[int, int], Context]
) -> dict[tuple[int, int], str]:
    """Y_ref of eq. 2 by (item id, viewer id): a system's texts, or one sample each of the SFT policy."""
    from modelsvc.core.endorser.config import GenerationSettings

    config = run.config
    assert isinstance(config, PolicyConfig)
    assert run.catalogue_id is not None
    if config.reference_system:
        texts = catalogue_endorsements(run.catalogue_id, systems=[config.reference_system], splits=("train",))
        return {(text.item_id, text.viewer_id): text.text for text in texts if text.sample == 0}
    settings = GenerationSettings(temperature=1.0, top_p=1.0, max_new_tokens=config.max_new_tokens)
    samples = endorser.generate(list(by_rows.values()), settings, seed=run.seed) if by_rows else None
    return dict(zip(by_rows, samples.texts, strict=True)) if samples is not None else {}
