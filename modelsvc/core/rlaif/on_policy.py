"""On-policy fine-tuning of the endorser into P4LM. Source: sec. 4.2, App. D (REINFORCE), eq. 3."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from modelsvc.core.endorser.config import GenerationSettings
from modelsvc.core.endorser.context import Context
from modelsvc.core.endorser.divergence import refuse_divergence
from modelsvc.core.endorser.lora import merge_lora
from modelsvc.core.endorser.model import Endorser
from modelsvc.core.endorser.precision import autocast
from modelsvc.core.endorser.samples import Samples
from modelsvc.core.endorser.schedule import learning_rate_factor
from modelsvc.core.endorser.text_guards import repetition_share, words
from modelsvc.core.endorser.training_state import load_state, save_state, weights_digest
from modelsvc.core.rlaif.config import OnPolicyConfig
from modelsvc.core.rlaif.kl_control import KlController
from modelsvc.core.rlaif.losses import (
    batch_advantages,
    leave_one_out_advantages,
    log_ratio,
    regularized_returns,
    reinforce_loss,
    whitened,
)
from modelsvc.core.rlaif.reference import ReferencePolicy
from modelsvc.core.rlaif.rollouts import guard_penalties, step_contexts

RewardFunction = Callable[[Sequence[Context], Sequence[str], Sequence[bool]], Mapping[str, Tensor]]
"""(contexts, texts, truncated) -> rewards, each float [B]; "joint" is maximised, the rest is logged."""

StepCallback = Callable[[int, int, Mapping[str, float]], None]


@dataclass(frozen=True)
class SampleText:
    """A rollout shown while training runs."""

    step: int
    item_id: str
    viewer_id: str
    text: str
    joint_reward: float


SampleCallback = Callable[[Sequence[SampleText]], None]


@dataclass(frozen=True)
class OnPolicyReport:
    """What a run did: per-step metrics, and why it ended ("steps" or "kl")."""

    history: tuple[Mapping[str, float], ...]
    stopped_by: str

    def column(self, name: str) -> list[float]:
        """One metric over the steps."""
        return [row[name] for row in self.history]


def _advantages(returns: Tensor, config: OnPolicyConfig) -> Tensor:
    if config.baseline == "leave_one_out":
        advantages = leave_one_out_advantages(returns, samples_per_context=config.samples_per_context)
    elif config.baseline == "batch":
        advantages = batch_advantages(returns)
    else:
        advantages = returns
    return whitened(advantages) if config.whiten else advantages


class OnPolicyTrainer:
    """One fine-tuning run; ``run`` drives it, ``step`` is one update."""

    def __init__(
        self, endorser: Endorser, contexts: Sequence[Context], reward: RewardFunction, config: OnPolicyConfig
    ) -> None:
        if not contexts:
            raise ValueError("fine-tuning needs contexts")
        self.endorser, self.contexts, self.reward, self.config = endorser, list(contexts), reward, config
        self.reference = ReferencePolicy(endorser, config)
        self.parameters = {name: p for name, p in endorser.named_parameters() if p.requires_grad}
        self.optimizer = torch.optim.AdamW(
            list(self.parameters.values()),
            lr=config.learning_rate,
            betas=(0.9, 0.98),
            weight_decay=0.0,
            fused=True,
        )
        self.controller = KlController(config.beta, config.target_kl_nats_per_token)
        self._settings = GenerationSettings(
            max_new_tokens=config.max_new_tokens,
            temperature=config.temperature,
            top_p=1.0,
            batch_size=config.batch_size,
            precision=config.precision,
        )

    def step(self, step: int) -> tuple[dict[str, float], list[SampleText]]:
        """Sample, reward, score under both policies, update once; returns metrics and the rollouts."""
        config, began = self.config, time.perf_counter()
        # Dropout stays off: the log-probabilities must be those of the policy that was sampled.
        self.endorser.eval()
        chosen = step_contexts(self.contexts, config, step)
        repeated = [context for context in chosen for _ in range(config.samples_per_context)]
        samples = self.endorser.generate(
            chosen,
            self._settings,
            seed=config.seed * 1_000_003 + step,
            samples_per_context=config.samples_per_context,
        )
        generated_at = time.perf_counter()
        rewards = dict(self.reward(repeated, samples.texts, samples.truncated.tolist()))
        penalties = guard_penalties(samples.texts, config)
        joint = rewards["joint"].detach().float().cpu() - penalties
        if joint.shape != penalties.shape or not bool(torch.isfinite(joint).all()):
            raise ValueError(f"step {step}: the joint reward must be {len(penalties)} finite numbers")
        rewarded_at = time.perf_counter()
        reference = self._reference_log_probs(repeated, samples)
        referenced_at = time.perf_counter()
        update = self._update(repeated, samples, joint, reference, step)
        ended = time.perf_counter()
        lengths = samples.lengths.float()
        metrics = {
            **{f"reward_{name}": float(value.float().mean()) for name, value in rewards.items()},
            "reward_after_guards": float(joint.mean()),
            "guarded_share": float((penalties > 0).float().mean()),
            "truncated_share": float(samples.truncated.float().mean()),
            "repetition_share": float(np.mean([repetition_share(text) for text in samples.texts])),
            "length_tokens": float(lengths.mean()),
            "length_words": float(np.mean([len(words(text)) for text in samples.texts])),
            **update,
            "generation_s": generated_at - began,
            "reward_s": rewarded_at - generated_at,
            "reference_s": referenced_at - rewarded_at,
            "update_s": ended - referenced_at,
            "step_s": ended - began,
            "generated_tokens_per_s": float(lengths.sum()) / (generated_at - began),
            "tokens_per_s": float(lengths.sum()) / (ended - began),
        }
        shown = [
            SampleText(step, context.item_id, context.viewer_id, text, float(value))
            for context, text, value in zip(repeated, samples.texts, joint, strict=True)
        ]
        return metrics, shown

    def _parts(self, samples: Samples) -> list[list[int]]:
        """Rows in passes of neighbouring lengths."""
        order = torch.argsort(samples.lengths, descending=True, stable=True).tolist()
        size = self.config.passes_of
        return [order[at : at + size] for at in range(0, len(order), size)]

    @torch.no_grad()
    def _reference_log_probs(self, contexts: Sequence[Context], samples: Samples) -> Tensor:
        """log Phi_BC per token, float32 [B, T], in the same passes and precision as the policy's own."""
        log_probs = torch.zeros(samples.mask.shape)
        with self.reference.in_place():
            for part in self._parts(samples):
                rows = samples.rows(part)
                with autocast(self.config.precision, self.endorser.device):
                    scored = self.endorser.score(
                        [self.endorser.prompts.endorsement(contexts[index]) for index in part],
                        rows.token_ids,
                        rows.mask,
                        temperature=self.config.temperature,
                    )
                log_probs[part, : rows.mask.shape[1]] = scored.log_probs.float().cpu()
        return log_probs

    def _update(
        self, contexts: Sequence[Context], samples: Samples, joint: Tensor, reference: Tensor, step: int
    ) -> dict[str, float]:
        """One REINFORCE update. Returns need log Phi of every row first, so passes keep graphs until then."""
        config, rows_in_all = self.config, len(joint)
        log_ratios, entropy_sum = torch.zeros(rows_in_all), 0.0
        kept: list[tuple[list[int], Tensor, Tensor]] = []
        for part in self._parts(samples):
            rows = samples.rows(part)
            with autocast(config.precision, self.endorser.device):
                scored = self.endorser.score(
                    [self.endorser.prompts.endorsement(contexts[index]) for index in part],
                    rows.token_ids,
                    rows.mask,
                    temperature=config.temperature,
                    with_entropy=True,
                )
            log_ratios[part] = log_ratio(
                scored.log_probs.detach(), reference[part, : rows.mask.shape[1]], rows.mask
            )
            entropy_sum += float(scored.entropy.sum()) if scored.entropy is not None else 0.0
            kept.append((part, scored.log_probs, rows.mask))
        returns = regularized_returns(joint, log_ratios, beta=self.controller.beta)
        advantages = _advantages(returns, config)
        for part, log_probs, mask in kept:
            share = len(part) / rows_in_all
            (reinforce_loss(log_probs, advantages[part], mask) * share).backward()  # type: ignore[no-untyped-call]
        kept.clear()
        factor = learning_rate_factor(
            step,
            steps=config.steps,
            warmup_steps=round(config.warmup_share * config.steps),
            schedule=config.schedule,
        )
        for group in self.optimizer.param_groups:
            group["lr"] = config.learning_rate * factor
        norm = float(nn.utils.clip_grad_norm_(list(self.parameters.values()), config.max_grad_norm))
        refuse_divergence(step + 1, loss=float(returns.mean()), grad_norm=norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        token_count = float(samples.mask.sum())
        kl_nats_per_token = float(log_ratios.sum()) / token_count
        metrics = {
            "kl_nats_per_token": kl_nats_per_token,
            "kl_nats_per_text": float(log_ratios.mean()),
            "entropy_nats_per_token": entropy_sum / token_count,
            "return_mean": float(returns.mean()),
            "advantage_rms": float(advantages.square().mean().sqrt()),
            "grad_norm": norm,
            "beta": self.controller.beta,
            "learning_rate_factor": factor,
        }
        self.controller = self.controller.after(kl_nats_per_token)
        return metrics

    def run(
        self,
        *,
        on_step: StepCallback | None = None,
        on_samples: SampleCallback | None = None,
        state_folder: Path | None = None,
    ) -> OnPolicyReport:
        """All steps, from the last state in state_folder if there is one.

        Raises:
            ResumeError: if state_folder holds the state of another run.
            TrainingDivergedError: if a step's gradient is not finite.
        """
        config, history, done = self.config, [], 0
        fingerprint = self._fingerprint() if state_folder is not None else ""
        if state_folder is not None:
            resumed = load_state(
                state_folder, parameters=self.parameters, optimizer=self.optimizer, fingerprint=fingerprint
            )
            if resumed is not None:
                done, history = resumed.step, list(resumed.extra["history"])
                self.controller = KlController(float(resumed.extra["beta"]), config.target_kl_nats_per_token)
        stopped_by = "kl" if history and self._is_blown_up(history[-1]) else "steps"
        for step in range(done, config.steps if stopped_by == "steps" else done):
            metrics, rollouts = self.step(step)
            history.append(metrics)
            finished = step + 1
            blown_up = self._is_blown_up(metrics)
            if state_folder is not None and (
                finished % config.checkpoint_every == 0 or finished == config.steps or blown_up
            ):
                save_state(
                    state_folder,
                    parameters=self.parameters,
                    optimizer=self.optimizer,
                    step=finished,
                    fingerprint=fingerprint,
                    extra={"history": history, "beta": self.controller.beta},
                )
            if on_step is not None:
                on_step(finished, config.steps, metrics)
            if on_samples is not None and (step % config.sample_every == 0 or finished == config.steps):
                on_samples(rollouts[:: config.samples_per_context])
            if blown_up:
                stopped_by = "kl"
                break
        merge_lora(self.endorser.transformer)
        return OnPolicyReport(tuple(history), stopped_by)

    def _is_blown_up(self, metrics: Mapping[str, float]) -> bool:
        return metrics["kl_nats_per_token"] > self.config.max_kl_nats_per_token

    def _fingerprint(self) -> str:
        digest = hashlib.sha256(json.dumps(self.config.model_dump(), sort_keys=True).encode())
        digest.update(weights_digest(self.endorser).encode())
        for context in self.contexts:
            digest.update(repr(self.endorser.prompts.endorsement(context).ids).encode())
            digest.update(np.ascontiguousarray(context.item_vector).tobytes())
            digest.update(np.ascontiguousarray(context.viewer_vector).tobytes())
        return digest.hexdigest()


def train_on_policy(
    endorser: Endorser,
    contexts: Sequence[Context],
    reward: RewardFunction,
    config: OnPolicyConfig,
    *,
    on_step: StepCallback | None = None,
    on_samples: SampleCallback | None = None,
    state_folder: Path | None = None,
) -> OnPolicyReport:
    """Fine-tune an SFT endorser in place into P4LM; what it was at the start is the reference policy."""
    trainer = OnPolicyTrainer(endorser, contexts, reward, config)
    return trainer.run(on_step=on_step, on_samples=on_samples, state_folder=state_folder)
