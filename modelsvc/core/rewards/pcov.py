"""Pcov(Y; I, u): how much of the viewer's preferences a text covers. Source: sec. 4.1."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from modelsvc.core.endorser.context import Context
from modelsvc.core.rewards.description_vectors import DescriptionVectors
from modelsvc.core.rewards.encoder import TextEncoder
from modelsvc.core.rewards.losses import (
    bradley_terry_loss,
    coverage_regression_loss,
    description_preference_loss,
)
from modelsvc.core.rewards.pair_training import (
    Example,
    PairScores,
    PairTrainingConfig,
    examples_from_pairs,
    split_examples,
    train_scorer,
)
from modelsvc.core.rewards.records import CoverageTarget, PreferencePair, TrainingCallback
from modelsvc.core.rewards.scorer import RewardScorer, ScorerConfig
from modelsvc.core.rewards.trained_scorer import TrainedScorer, finish, new_scorer
from modelsvc.core.rewards.warm_start import warm_start_text_to_cf

Key = tuple[str, str, str]


@dataclass(frozen=True)
class PcovConfig:
    """Training of Pcov.

    ``regularization`` is λ of the term (s − Pcov(Y))². ``description_weight`` weighs the paper's
    −log σ(Pcov(Y) − Pcov(I)), which needs no labelled pairs; with labelled pairs it may be 0.
    ``initial_temperature`` is the τ that pair differences are divided by, learned on the way.
    ``warm_start_gain`` > 0 starts the text's map into the collaborative-filtering space from item
    descriptions, with a deviation of about that much of s.
    """

    training: PairTrainingConfig = field(default_factory=PairTrainingConfig)
    prefix_tokens: int = 2
    trainable_layers: int = 3
    regularization: float = 5.0
    description_weight: float = 0.0
    initial_temperature: float = 0.15
    warm_start_gain: float = 0.0


def train_pcov(
    pairs: Sequence[PreferencePair],
    targets: Sequence[CoverageTarget],
    encoder: TextEncoder,
    descriptions: DescriptionVectors,
    config: PcovConfig | None = None,
    *,
    callback: TrainingCallback | None = None,
) -> TrainedScorer:
    """Minimize pairs' negative log-likelihood + λ E(s − Pcov(Y))², either of which may have no data.

    The raw score stays on the scale of s, too narrow for a log-sigmoid: differences are divided by
    a temperature, learned with the weights, then fitted on held-out pairs and stored.

    Raises:
        RewardDataError: if there is neither a pair nor a target to train on.
    """
    config = config or PcovConfig()
    shares: dict[Key, float] = {_key(t.context, t.text): t.share for t in targets}
    examples = examples_from_pairs(pairs)
    in_pairs = {_key(example.context, text) for example in examples for text in example.texts}
    examples += [Example(t.context, (t.text,)) for t in targets if _key(t.context, t.text) not in in_pairs]
    train, held_out = split_examples(examples, config.training)
    model = new_scorer(
        encoder,
        descriptions,
        ScorerConfig(
            uses=("description", "viewer"),
            embedding_size=len(train[0].context.item_vector),
            prefix_tokens=config.prefix_tokens,
            trainable_layers=config.trainable_layers,
        ),
        seed=config.training.seed,
    )
    contexts = [example.context for example in train]
    model.standardize_over(contexts)
    if config.warm_start_gain > 0:
        spread = float(np.std([context.utility for context in contexts])) or 1.0
        warm_start_text_to_cf(model, contexts, utility_std=spread, gain=config.warm_start_gain)
    known = [shares[key] for e in train for text in e.texts if (key := _key(e.context, text)) in shares]
    # The constant that the scores start from: the mean target, so that τ is learned from the start.
    model.score_mean.fill_(-(float(np.mean(known)) if known else 0.5))
    log_temperature = nn.Parameter(torch.tensor(config.initial_temperature).log())
    loss = train_scorer(
        model,
        train,
        _PcovLoss(model, shares, config, log_temperature),
        config.training,
        callback=callback,
        extra_parameters=[log_temperature],
    )
    metrics: dict[str, object] = {
        "train_loss": loss,
        "n_train_pairs": sum(example.is_pair for example in train),
        "n_train_targets": len(known),
        "regression": _measure_regression(model, held_out, shares),
    }
    return finish(model, held_out, metrics, default_temperature=float(log_temperature.detach().exp()))


@dataclass(frozen=True, eq=False)
class _PcovLoss:
    model: RewardScorer
    shares: dict[Key, float]
    config: PcovConfig
    log_temperature: nn.Parameter

    def __call__(
        self, batch: Sequence[Example], scores: Tensor, pairs: PairScores | None
    ) -> dict[str, Tensor]:
        temperature = self.log_temperature.exp()
        terms: dict[str, Tensor] = {}
        if pairs is not None:
            terms["preference"] = bradley_terry_loss(
                pairs.first, pairs.second, pairs.p_first, pairs.weights, temperature=temperature
            )
        keys = [_key(example.context, text) for example in batch for text in example.texts]
        rows = [row for row, key in enumerate(keys) if key in self.shares]
        if rows:
            shares = torch.tensor([self.shares[keys[row]] for row in rows], device=scores.device)
            terms["regression"] = self.config.regularization * coverage_regression_loss(scores[rows], shares)
        if self.config.description_weight > 0:
            contexts = [example.context for example in batch for _ in example.texts]
            bare = self.model(contexts, [context.item_description for context in contexts])
            preference = description_preference_loss(scores, bare, temperature=temperature)
            terms["over_description"] = self.config.description_weight * preference
        return terms or {"nothing_known": 0.0 * scores.sum()}


def _measure_regression(
    model: RewardScorer, held_out: Sequence[Example], shares: dict[Key, float]
) -> dict[str, object]:
    rows = [
        (example.context, text)
        for example in held_out
        for text in example.texts
        if _key(example.context, text) in shares
    ]
    if len(rows) < 2:
        return {"n": len(rows), "rmse": None, "correlation": None}
    scores = model.score([context for context, _ in rows], [text for _, text in rows])
    predicted = scores.cpu().numpy().astype(np.float64)
    actual = np.array([shares[_key(context, text)] for context, text in rows])
    varies = predicted.std() > 0 and actual.std() > 0
    return {
        "n": len(rows),
        "rmse": float(np.sqrt(np.mean((predicted - actual) ** 2))),
        "correlation": float(np.corrcoef(predicted, actual)[0, 1]) if varies else None,
    }


def _key(context: Context, text: str) -> Key:
    return context.item_id, context.viewer_id, text
