"""Training of the offline entailment model."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from modelsvc.core.endorser.divergence import refuse_divergence
from modelsvc.core.rewards.alignment_nli import AlignmentNli, AlignmentNliConfig
from modelsvc.core.rewards.encoder import TextEncoder
from modelsvc.core.rewards.entailment import ENTAILMENT, entailment_logit
from modelsvc.core.rewards.item_split import held_out_items
from modelsvc.core.rewards.nli_recipe import ItemText, NliExample, catalogue_examples, premise_text
from modelsvc.core.rewards.records import TrainingCallback


@dataclass(frozen=True)
class NliTrainingConfig:
    """How the entailment model is trained.

    Every epoch draws ``examples_per_item`` new examples of every training item; a batch holds
    ``items_per_batch`` items with all their examples of one draw, so that each premise is encoded once.
    """

    model: AlignmentNliConfig = field(default_factory=AlignmentNliConfig)
    steps: int = 150
    items_per_batch: int = 8
    examples_per_item: int = 10
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    label_smoothing: float = 0.1
    max_grad_norm: float = 1.0
    held_out_share: float = 0.15
    seed: int = 0


@dataclass(frozen=True, eq=False)
class TrainedEntailment:
    """The model, what was measured on items it never saw, and the ids of those items."""

    model: AlignmentNli
    metrics: dict[str, object]
    held_out: frozenset[str]


def train_entailment(
    items: Sequence[ItemText],
    encoder: TextEncoder,
    config: NliTrainingConfig | None = None,
    *,
    extra_examples: Sequence[NliExample] = (),
    callback: TrainingCallback | None = None,
) -> TrainedEntailment:
    """Train on the recipe's examples and on ``extra_examples``; measure on unseen items.

    Args:
        items: the catalogue; items without description are left out.
        extra_examples: for example human precision answers, or sentences that a teacher wrote;
            those of held-out items are measured and never trained on. Examples that hold one side's
            sentence against the other side's description are left out of both.

    Raises:
        ValueError: if fewer than four items have a description.
    """
    config = config or NliTrainingConfig()
    described = list({item.item_id: item for item in items if item.description.strip()}.values())
    if len(described) < 4:
        raise ValueError(f"the entailment recipe needs at least 4 described items, got {len(described)}")
    held = held_out_items(
        (item.item_id for item in described),
        share=max(config.held_out_share, 2 / len(described)),
        seed=config.seed,
    )
    train_items = [item for item in described if item.item_id not in held]
    in_held = {premise_text(item.title, item.description): item.item_id in held for item in described}
    extra: dict[str, list[NliExample]] = defaultdict(list)
    for example in extra_examples:
        side = example.item_id in held
        # One side's sentence against the other side's description would leak that description.
        if in_held.get(example.premise, side) == side:
            extra[example.item_id].append(example)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = AlignmentNli(encoder, config.model)
        _fit(model, train_items, extra, config, callback)
    model.eval()
    unseen = [item for item in described if item.item_id in held]
    known_wording = catalogue_examples(unseen, per_item=24, seed=config.seed + 1)
    new_wording = catalogue_examples(unseen, per_item=24, seed=config.seed + 2, unseen_wordings=True)
    metrics: dict[str, object] = {
        "n_train_items": len(train_items),
        "n_held_out_items": len(unseen),
        "n_train_extra_examples": sum(len(extra[item.item_id]) for item in train_items),
        "unseen_items": measure_entailment(model, known_wording),
        "unseen_items_and_wordings": measure_entailment(model, new_wording),
    }
    given = [example for item in unseen for example in extra[item.item_id]]
    if given:
        metrics["unseen_items_extra"] = measure_entailment(model, given)
    return TrainedEntailment(model, metrics, held)


def measure_entailment(model: AlignmentNli, examples: Sequence[NliExample]) -> dict[str, object]:
    """Accuracy of "entailed or not" at P = 1/2, ROC AUC, and accuracy by kind of example."""
    logits = model.logits([e.premise for e in examples], [e.hypothesis for e in examples])
    scores = entailment_logit(logits).cpu().numpy()
    truth = np.array([example.label == ENTAILMENT for example in examples])
    right = (scores > 0) == truth
    kinds = sorted({example.kind for example in examples})
    by_kind = {
        kind: float(
            np.mean([ok for ok, example in zip(right, examples, strict=True) if example.kind == kind])
        )
        for kind in kinds
    }
    return {
        "n": len(examples),
        "accuracy": float(right.mean()),
        "roc_auc": roc_auc(scores, truth),
        "accuracy_by_kind": by_kind,
    }


def roc_auc(scores: np.ndarray, truth: np.ndarray) -> float | None:
    """P(score of a true one > score of a false one), ties counting 1/2; None with one class only."""
    positive, negative = scores[truth], scores[~truth]
    if len(positive) == 0 or len(negative) == 0:
        return None
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    up_to = np.searchsorted(ordered, positive, side="right")
    return float(np.mean((below + up_to) / 2) / len(negative))


def _fit(
    model: AlignmentNli,
    items: Sequence[ItemText],
    extra: dict[str, list[NliExample]],
    config: NliTrainingConfig,
    callback: TrainingCallback | None,
) -> None:
    weights = list(model.parameters())
    optimizer = torch.optim.AdamW(weights, lr=config.learning_rate, weight_decay=config.weight_decay)
    warmup = max(1, config.steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min((step + 1) / warmup, (config.steps - step) / max(1, config.steps - warmup + 1)),
    )
    rng = np.random.default_rng(config.seed)
    step = 0
    draw = 0
    model.train()
    while step < config.steps:
        draw += 1
        examples = catalogue_examples(
            items, per_item=config.examples_per_item, seed=config.seed * 1000 + draw
        )
        by_item: dict[str, list[NliExample]] = defaultdict(list)
        for example in examples:
            by_item[example.item_id].append(example)
        order = [list(by_item)[row] for row in rng.permutation(len(by_item))]
        for number in range(math.ceil(len(order) / config.items_per_batch)):
            chosen = order[number * config.items_per_batch : (number + 1) * config.items_per_batch]
            batch = [example for item_id in chosen for example in by_item[item_id]]
            for item_id in chosen:
                given = extra.get(item_id, [])
                take = rng.permutation(len(given))[: config.examples_per_item // 2]
                batch += [given[row] for row in take]
            logits = model([e.premise for e in batch], [e.hypothesis for e in batch])
            labels = torch.tensor([example.label for example in batch], device=logits.device)
            loss = F.cross_entropy(logits, labels, label_smoothing=config.label_smoothing)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            norm = nn.utils.clip_grad_norm_(weights, config.max_grad_norm)
            refuse_divergence(step + 1, loss=float(loss.detach()), grad_norm=float(norm))
            optimizer.step()
            schedule.step()
            step += 1
            if callback is not None:
                accuracy = float((logits.argmax(dim=1) == labels).float().mean())
                callback(
                    step,
                    config.steps,
                    {"loss": float(loss.detach()), "accuracy": accuracy, "grad_norm": float(norm)},
                )
            if step >= config.steps:
                break
