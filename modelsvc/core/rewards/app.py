"""App(Y; I): how appealing a text is, learned from pairs. Source: sec. 4.1."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor

from modelsvc.core.rewards.description_vectors import DescriptionVectors
from modelsvc.core.rewards.encoder import TextEncoder
from modelsvc.core.rewards.losses import bradley_terry_loss
from modelsvc.core.rewards.pair_training import (
    Example,
    PairScores,
    PairTrainingConfig,
    examples_from_pairs,
    split_examples,
    train_scorer,
)
from modelsvc.core.rewards.records import PreferencePair, TrainingCallback
from modelsvc.core.rewards.scorer import RewardScorer, ScorerConfig
from modelsvc.core.rewards.trained_scorer import TrainedScorer, finish, new_scorer


@dataclass(frozen=True)
class AppConfig:
    """Training of App; the scorer sees the text and the description, never the viewer."""

    training: PairTrainingConfig = field(default_factory=PairTrainingConfig)
    prefix_tokens: int = 2
    trainable_layers: int = 3


def train_app(
    pairs: Sequence[PreferencePair],
    encoder: TextEncoder,
    descriptions: DescriptionVectors,
    config: AppConfig | None = None,
    *,
    callback: TrainingCallback | None = None,
) -> TrainedScorer:
    """Minimize −E log σ(App(Y_w) − App(Y_l)) with soft labels, then centre and calibrate.

    After training E_{D_app} App(Y; I) = 0 over the training texts. The temperature is fitted on
    held-out pairs and stored.

    Raises:
        RewardDataError: if there is no pair to train on.
    """
    config = config or AppConfig()
    train, held_out = split_examples(examples_from_pairs(pairs), config.training)
    model = new_scorer(
        encoder,
        descriptions,
        ScorerConfig(
            uses=("description",),
            embedding_size=len(train[0].context.item_vector),
            prefix_tokens=config.prefix_tokens,
            trainable_layers=config.trainable_layers,
        ),
        seed=config.training.seed,
    )
    model.standardize_over([example.context for example in train])
    loss = train_scorer(model, train, _loss, config.training, callback=callback)
    centre_scores(model, train)
    return finish(model, held_out, {"train_loss": loss, "n_train_pairs": len(train)})


def _loss(batch: Sequence[Example], scores: Tensor, pairs: PairScores | None) -> dict[str, Tensor]:
    assert pairs is not None
    return {"preference": bradley_terry_loss(pairs.first, pairs.second, pairs.p_first, pairs.weights)}


def centre_scores(model: RewardScorer, examples: Sequence[Example]) -> None:
    """Subtract the mean score of the training texts, each distinct text of a context once."""
    rows = {
        (example.context.item_id, example.context.viewer_id, text): (example.context, text)
        for example in examples
        for text in example.texts
    }
    scores = model.score([context for context, _ in rows.values()], [text for _, text in rows.values()])
    model.score_mean += scores.mean()
