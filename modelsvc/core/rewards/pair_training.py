"""Training of a scorer on preference pairs, the same loop for App, Pcov and Ppr. Source: sec. 4.1."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from modelsvc.core.endorser.context import Context
from modelsvc.core.endorser.divergence import refuse_divergence
from modelsvc.core.rewards.calibration import Floats, calibrate, pairwise_accuracy
from modelsvc.core.rewards.item_split import held_out_items
from modelsvc.core.rewards.records import PreferencePair, RewardDataError, TrainingCallback
from modelsvc.core.rewards.scorer import RewardScorer


@dataclass(frozen=True)
class PairTrainingConfig:
    """How a scorer is trained.

    ``learning_rate`` is the encoder's, ``head_learning_rate`` that of adapters and heads, which
    start from nothing. ``held_out_share`` of the items is measured on and never trained on.
    """

    epochs: int = 2
    batch_size: int = 16
    learning_rate: float = 1e-4
    head_learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup_share: float = 0.1
    max_grad_norm: float = 1.0
    held_out_share: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1:
            raise ValueError(f"epochs {self.epochs} and batch_size {self.batch_size} must be at least 1")


@dataclass(frozen=True, eq=False)
class Example:
    """One context with its texts: two of a pair, or one with only a target."""

    context: Context
    texts: tuple[str, ...]
    p_first: float = 0.5
    weight: float = 1.0

    @property
    def is_pair(self) -> bool:
        return len(self.texts) == 2


def examples_from_pairs(pairs: Sequence[PreferencePair]) -> list[Example]:
    """Pairs as training examples."""
    return [
        Example(pair.context, (pair.first_text, pair.second_text), pair.p_first, pair.weight)
        for pair in pairs
    ]


@dataclass(frozen=True, eq=False)
class PairScores:
    """Scores of the pairs of one batch, float32 [P] each."""

    first: Tensor
    second: Tensor
    p_first: Tensor
    weights: Tensor


BatchLoss = Callable[[Sequence[Example], Tensor, PairScores | None], dict[str, Tensor]]
"""From examples, the flat scores of all their texts, and their pairs to named loss terms, summed."""


def split_examples(
    examples: Sequence[Example], config: PairTrainingConfig
) -> tuple[list[Example], list[Example]]:
    """Training and held-out examples with no item in common.

    Raises:
        RewardDataError: if there is nothing to train on.
    """
    held = held_out_items(
        (example.context.item_id for example in examples), share=config.held_out_share, seed=config.seed
    )
    train = [example for example in examples if example.context.item_id not in held]
    if not train:
        raise RewardDataError("no preference pairs or targets to train on")
    return train, [example for example in examples if example.context.item_id in held]


def train_scorer(
    model: RewardScorer,
    examples: Sequence[Example],
    batch_loss: BatchLoss,
    config: PairTrainingConfig,
    *,
    callback: TrainingCallback | None = None,
    extra_parameters: Sequence[nn.Parameter] = (),
) -> float:
    """Minimize the sum of ``batch_loss``'s terms; returns the mean loss of the last epoch.

    AdamW, linear warm-up then linear decay, clipped gradients; seeded batches of like length.
    """
    steps_per_epoch = math.ceil(len(examples) / config.batch_size)
    total = steps_per_epoch * config.epochs
    encoder = [p for p in model.encoder.parameters() if p.requires_grad]
    inside = {id(p) for p in model.encoder.parameters()}
    heads = [p for p in model.parameters() if p.requires_grad and id(p) not in inside]
    heads.extend(extra_parameters)
    optimizer = torch.optim.AdamW(
        [
            {"params": encoder, "lr": config.learning_rate},
            {"params": heads, "lr": config.head_learning_rate},
        ],
        weight_decay=config.weight_decay,
    )
    warmup = max(1, round(config.warmup_share * total))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warmup, (total - step) / max(1, total - warmup + 1))
    )
    rng = np.random.default_rng(config.seed)
    losses: list[float] = []
    step = 0
    # Dropout draws from torch's own generator: seeded here, restored afterwards.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model.train()
        for epoch in range(config.epochs):
            for batch in _batches(examples, config.batch_size, rng):
                terms = _terms(model, batch, batch_loss)
                loss = torch.stack(list(terms.values())).sum()
                optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                norm = nn.utils.clip_grad_norm_([*encoder, *heads], config.max_grad_norm)
                refuse_divergence(step + 1, loss=float(loss.detach()), grad_norm=float(norm))
                optimizer.step()
                schedule.step()
                step += 1
                if epoch == config.epochs - 1:
                    losses.append(float(loss.detach()))
                if callback is not None:
                    metrics = {name: float(term.detach()) for name, term in terms.items()}
                    callback(step, total, {"loss": float(loss.detach()), "grad_norm": float(norm), **metrics})
        model.eval()
    return float(np.mean(losses))


def _terms(model: RewardScorer, batch: Sequence[Example], batch_loss: BatchLoss) -> dict[str, Tensor]:
    contexts = [example.context for example in batch for _ in example.texts]
    texts = [text for example in batch for text in example.texts]
    scores = model(contexts, texts)
    return batch_loss(batch, scores, pair_scores(batch, scores))


def pair_scores(batch: Sequence[Example], scores: Tensor) -> PairScores | None:
    """The pairs among the examples, with their scores; None if there is no pair."""
    first, labels, weights = [], [], []
    row = 0
    for example in batch:
        if example.is_pair:
            first.append(row)
            labels.append(example.p_first)
            weights.append(example.weight)
        row += len(example.texts)
    if not first:
        return None
    rows = torch.tensor(first, device=scores.device)
    return PairScores(
        scores[rows],
        scores[rows + 1],
        torch.tensor(labels, device=scores.device),
        torch.tensor(weights, device=scores.device),
    )


def measure_pairs(model: RewardScorer, examples: Sequence[Example]) -> tuple[dict[str, object], float]:
    """Held-out accuracy and calibration of the pairs among ``examples``, and the fitted τ.

    Returns:
        (``n_pairs``, ``n_decided``, ``accuracy``, ``log_loss``, ``expected_calibration_error``,
        ``reliability``), τ. Undefined numbers are None.
    """
    pairs = [example for example in examples if example.is_pair]
    differences, labels = pair_differences(model, pairs)
    calibration = calibrate(differences, labels, [pair.context.item_id for pair in pairs])
    metrics: dict[str, object] = {
        "n_pairs": len(pairs),
        "n_decided": int(np.sum(labels != 0.5)),
        "accuracy": _finite(pairwise_accuracy(differences, labels)),
        "log_loss": _finite(calibration.log_loss),
        "expected_calibration_error": _finite(calibration.expected_error),
        "reliability": calibration.as_dict()["bins"],
        "temperature": calibration.temperature,
    }
    return metrics, calibration.temperature


def pair_differences(model: RewardScorer, pairs: Sequence[Example]) -> tuple[Floats, Floats]:
    """R(Y_1) − R(Y_2) and P(Y_1 ≻ Y_2) of every pair, float64 [n] each."""
    if not pairs:
        return np.zeros(0), np.zeros(0)
    contexts = [pair.context for pair in pairs]
    first = model.score(contexts, [pair.texts[0] for pair in pairs])
    second = model.score(contexts, [pair.texts[1] for pair in pairs])
    differences = (first - second).cpu().numpy().astype(np.float64)
    return differences, np.array([pair.p_first for pair in pairs], dtype=np.float64)


def _batches(examples: Sequence[Example], size: int, rng: np.random.Generator) -> Iterator[list[Example]]:
    """Shuffled batches whose texts are of like length: sorted within runs of eight batches."""
    order = rng.permutation(len(examples))
    batches: list[list[int]] = []
    for start in range(0, len(order), size * 8):
        run = sorted(order[start : start + size * 8], key=lambda row: sum(map(len, examples[row].texts)))
        batches.extend(run[low : low + size] for low in range(0, len(run), size))
    for number in rng.permutation(len(batches)):
        yield [examples[row] for row in batches[number]]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
