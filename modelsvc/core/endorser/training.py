"""Behaviour cloning of the endorser in two stages. Source: sec. 3 (two-stage training), App. B.1."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import nn

from modelsvc.core.endorser.adapter import Adapter
from modelsvc.core.endorser.batching import answer_tensors, training_batches
from modelsvc.core.endorser.divergence import refuse_divergence
from modelsvc.core.endorser.lora import add_lora, has_lora, merge_lora
from modelsvc.core.endorser.model import Endorser
from modelsvc.core.endorser.precision import Precision, autocast
from modelsvc.core.endorser.schedule import Schedule, learning_rate_factor
from modelsvc.core.endorser.tasks import (
    AuxiliaryTask,
    Endorsed,
    EndorsementTask,
    Example,
    ItemText,
    Task,
    ViewerText,
)
from modelsvc.core.endorser.training_state import load_state, save_state, weights_digest

StepCallback = Callable[[int, int, Mapping[str, float]], None]
"""Called after every step with (steps done, steps in all, metrics); raising from it stops the run cleanly."""


class TrainingConfig(BaseModel):
    """One stage of training. The paper states no values; defaults are set by measurement on two cores."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(default=160, ge=1)
    batch_size: int = Field(default=8, ge=1, description="examples per pass")
    accumulate: int = Field(
        default=1, ge=1, description="passes per step; a step sees batch_size x accumulate"
    )
    learning_rate: float = Field(default=2e-4, gt=0, description="of the transformer (all weights, or LoRA)")
    adapter_learning_rate: float = Field(
        default=1e-3, gt=0, description="of W_I and W_U, which start from nothing"
    )
    warmup_share: float = Field(default=0.05, ge=0, le=1)
    schedule: Schedule = "cosine"
    weight_decay: float = Field(default=0.0, ge=0)
    max_grad_norm: float = Field(default=1.0, gt=0)
    weights: Literal["adapters", "lora", "all"] = Field(default="all", description="what is trained")
    lora_rank: int = Field(default=16, ge=1)
    lora_alpha: float = Field(default=32.0, gt=0)
    precision: Precision = "auto"
    seed: int = 0
    checkpoint_every: int = Field(default=25, ge=1, description="steps between resumable states")


STAGE_1 = TrainingConfig(weights="adapters", steps=200, batch_size=8)
"""W_I and W_U on the auxiliary tasks with the transformer frozen: about 3.5 minutes on two idle cores."""

STAGE_2 = TrainingConfig(
    weights="all", steps=75, batch_size=8, learning_rate=2e-4, adapter_learning_rate=5e-4, checkpoint_every=40
)
"""All weights on the endorsements: about 5.5 minutes. A state is 1.6 GB, so there are few."""

SFT_TEXT = STAGE_2.model_copy(update={"steps": 50})
"""The same for SFT-Text, whose prompts are longer by the profile: about 4.5 minutes."""


@dataclass(frozen=True)
class TrainingReport:
    """Negative log-likelihood in nats per token of each step's batch, and the time it took."""

    losses: tuple[float, ...]
    seconds: float
    tokens: int

    @property
    def final_loss(self) -> float:
        """Mean of the last tenth of the steps."""
        return float(np.mean(self.losses[-max(1, len(self.losses) // 10) :]))


def trained_parameters(endorser: Endorser, config: TrainingConfig) -> dict[str, nn.Parameter]:
    """Freeze and free weights for this stage; returns those being trained, by name."""
    if config.weights == "lora" and not has_lora(endorser.transformer):
        add_lora(endorser.transformer, rank=config.lora_rank, alpha=config.lora_alpha, seed=config.seed)
    elif config.weights != "lora":
        merge_lora(endorser.transformer)
        endorser.transformer.requires_grad_(config.weights == "all")
    endorser.adapters.requires_grad_(True)
    named = {name: p for name, p in endorser.named_parameters() if p.requires_grad}
    if not named:
        raise ValueError("nothing to train: the endorser has no adapters and its transformer is frozen")
    return named


def new_optimizer(parameters: Mapping[str, nn.Parameter], config: TrainingConfig) -> torch.optim.AdamW:
    """AdamW with the adapters' own learning rate; the peak rate is kept in each group."""
    groups = []
    for is_adapter, rate in ((False, config.learning_rate), (True, config.adapter_learning_rate)):
        members = [p for name, p in parameters.items() if name.startswith("adapters.") == is_adapter]
        if members:
            groups.append({"params": members, "lr": rate, "peak": rate})
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=config.weight_decay, fused=True)


def accumulate_gradients(
    endorser: Endorser, examples: Sequence[Example], *, batch_size: int, precision: Precision
) -> tuple[float, int]:
    """Add the gradient of the mean negative log-likelihood over all answer tokens of the examples.

    The mean is over the tokens of the whole step, so the gradient does not depend on batch_size.

    Returns:
        the loss in nats per token, and the number of tokens (prompt and answer) passed.
    """
    answer_tokens = sum(len(example.answer) for example in examples)
    ordered = sorted(examples, key=lambda example: example.length)
    loss = 0.0
    for start in range(0, len(ordered), batch_size):
        part = ordered[start : start + batch_size]
        token_ids, mask = answer_tensors([example.answer for example in part])
        with autocast(precision, endorser.device):
            scores = endorser.score([example.prompt for example in part], token_ids, mask)
            share = -scores.log_probs.sum() / answer_tokens
        share.backward()  # type: ignore[no-untyped-call]
        loss += float(share.detach())
    return loss, sum(example.length for example in examples)


def _batches(task: Task, config: TrainingConfig) -> Iterator[list[Example]]:
    epoch = 0
    while True:
        examples = task.examples(epoch)
        lengths = [example.length for example in examples]
        size = config.batch_size * config.accumulate
        for batch in training_batches(lengths, size, seed=config.seed, epoch=epoch):
            yield [examples[index] for index in batch]
        epoch += 1


def _fingerprint(endorser: Endorser, task: Task, config: TrainingConfig) -> str:
    """Hash of the config, of the starting weights and of the data's first epoch."""
    digest = hashlib.sha256(json.dumps(config.model_dump(), sort_keys=True).encode())
    digest.update(weights_digest(endorser).encode())
    for example in task.examples(0):
        digest.update(repr((example.prompt.ids, example.answer)).encode())
        for vector in (example.prompt.item_vector, example.prompt.viewer_vector):
            digest.update(b"-" if vector is None else np.ascontiguousarray(vector).tobytes())
    return digest.hexdigest()


def _fit_adapters(endorser: Endorser, task: Task) -> None:
    """Standardise vectors by this task's own, once; a caller may have fitted the whole catalogue's."""
    for name in endorser.adapters:
        adapter = endorser.adapters[name]
        assert isinstance(adapter, Adapter)
        vectors = [getattr(example.prompt, f"{name}_vector") for example in task.examples(0)]
        known = [vector for vector in vectors if vector is not None]
        if known and not bool(adapter.is_fitted):
            adapter.fit(torch.from_numpy(np.stack(known).astype(np.float32)))


def train(
    endorser: Endorser,
    task: Task,
    config: TrainingConfig,
    *,
    on_step: StepCallback | None = None,
    state_folder: Path | None = None,
) -> TrainingReport:
    """Minimise the negative log-likelihood of the task's answers; resumes if state_folder holds a state.

    A run that is interrupted and resumed ends with the same weights as one that is not.

    Raises:
        ResumeError: if state_folder holds the state of another run.
        TrainingDivergedError: if a loss or gradient is not finite.
    """
    # Dropout, where the transformer has any, draws from torch's own generator.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return _train(endorser, task, config, on_step=on_step, state_folder=state_folder)


def _train(
    endorser: Endorser,
    task: Task,
    config: TrainingConfig,
    *,
    on_step: StepCallback | None,
    state_folder: Path | None,
) -> TrainingReport:
    _fit_adapters(endorser, task)
    parameters = trained_parameters(endorser, config)
    optimizer = new_optimizer(parameters, config)
    fingerprint = _fingerprint(endorser, task, config) if state_folder is not None else ""
    done, losses, tokens, seconds = 0, [], 0, 0.0
    if state_folder is not None:
        resumed = load_state(
            state_folder, parameters=parameters, optimizer=optimizer, fingerprint=fingerprint
        )
        if resumed is not None:
            done, losses = resumed.step, list(resumed.extra["losses"])
            tokens, seconds = int(resumed.extra["tokens"]), float(resumed.extra["seconds"])
    endorser.train()
    warmup_steps = round(config.warmup_share * config.steps)
    for step, batch in enumerate(_batches(task, config)):
        if step >= config.steps:
            break
        if step < done:
            continue  # the order is a function of seed and epoch: replay it without computing
        began = time.perf_counter()
        factor = learning_rate_factor(
            step, steps=config.steps, warmup_steps=warmup_steps, schedule=config.schedule
        )
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        loss, passed = accumulate_gradients(
            endorser, batch, batch_size=config.batch_size, precision=config.precision
        )
        norm = float(nn.utils.clip_grad_norm_(list(parameters.values()), config.max_grad_norm))
        refuse_divergence(step + 1, loss=loss, grad_norm=norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        took = time.perf_counter() - began
        losses.append(loss)
        tokens, seconds = tokens + passed, seconds + took
        finished = step + 1
        if state_folder is not None and (finished % config.checkpoint_every == 0 or finished == config.steps):
            save_state(
                state_folder,
                parameters=parameters,
                optimizer=optimizer,
                step=finished,
                fingerprint=fingerprint,
                extra={"losses": losses, "tokens": tokens, "seconds": seconds},
            )
        if on_step is not None:
            metrics = {
                "nll_nats_per_token": loss,
                "grad_norm": norm,
                "learning_rate_factor": factor,
                "step_s": took,
                "tokens_per_s": passed / took,
            }
            on_step(finished, config.steps, metrics)
    endorser.eval()
    return TrainingReport(tuple(losses), seconds, tokens)


def train_stage_1(
    endorser: Endorser,
    items: Sequence[ItemText],
    viewers: Sequence[ViewerText],
    config: TrainingConfig = STAGE_1,
    *,
    on_step: StepCallback | None = None,
    state_folder: Path | None = None,
) -> TrainingReport:
    """Train W_I and W_U alone, so that stage 2 does not learn to do without them."""
    if config.weights != "adapters":
        raise ValueError("stage 1 trains the adapters only")
    task = AuxiliaryTask(endorser.prompts, items, viewers, seed=config.seed)
    return train(endorser, task, config, on_step=on_step, state_folder=state_folder)


def train_stage_2(
    endorser: Endorser,
    pairs: Sequence[Endorsed],
    config: TrainingConfig = STAGE_2,
    *,
    on_step: StepCallback | None = None,
    state_folder: Path | None = None,
) -> TrainingReport:
    """Train on endorsements: SFT after stage 1, one-stage SFT without it, SFT-Text without embeddings."""
    task = EndorsementTask(endorser.prompts, pairs)
    return train(endorser, task, config, on_step=on_step, state_folder=state_folder)
