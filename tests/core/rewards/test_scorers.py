"""App, Pcov and Ppr recover what simulated labels were made from."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from modelsvc.core.endorser.context import Context
from modelsvc.core.rewards import (
    AppConfig,
    CoverageTarget,
    DescriptionVectors,
    PairTrainingConfig,
    PcovConfig,
    PprConfig,
    PreferencePair,
    RewardDataError,
    TextEncoder,
    TrainedScorer,
    tiny_random_encoder,
    train_app,
    train_pcov,
    train_ppr,
)
from modelsvc.core.rewards.app import centre_scores
from modelsvc.core.rewards.pair_training import examples_from_pairs
from tests.core.rewards.worlds import (
    BAD,
    GOOD,
    THEMES,
    WORDS,
    World,
    appeal_pairs,
    coverage_targets,
    make_world,
    theme_pairs,
    true_appeal,
)

TRAINING = PairTrainingConfig(epochs=4, batch_size=32, learning_rate=1e-3, head_learning_rate=3e-3)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world()


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return tiny_random_encoder(WORDS)


@pytest.fixture(scope="module")
def app(world: World, encoder: TextEncoder) -> TrainedScorer:
    return train_app(
        appeal_pairs(world, 600), encoder, DescriptionVectors(encoder), AppConfig(training=TRAINING)
    )


@pytest.fixture(scope="module")
def pcov(world: World, encoder: TextEncoder) -> TrainedScorer:
    pairs = theme_pairs(world, 900)
    config = PcovConfig(training=TRAINING)
    return train_pcov(pairs, coverage_targets(world, pairs), encoder, DescriptionVectors(encoder), config)


@pytest.fixture(scope="module")
def ppr(world: World, encoder: TextEncoder) -> TrainedScorer:
    utilities = np.array([context.utility for context in world.contexts])
    return train_ppr(
        theme_pairs(world, 900),
        encoder,
        DescriptionVectors(encoder),
        utility_mean=float(utilities.mean()),
        utility_std=float(utilities.std()),
        config=PprConfig(training=TRAINING),
    )


def held_out(trained: TrainedScorer) -> dict[str, float]:
    metrics = trained.metrics["held_out"]
    assert isinstance(metrics, dict)
    return metrics


def test_app_recovers_the_known_appeal(app: TrainedScorer, world: World) -> None:
    assert held_out(app)["accuracy"] > 0.95
    context = world.contexts[0]
    texts = [f"{a} and {b} war" for a in GOOD + BAD for b in GOOD + BAD]
    scores = app.model.score([context] * len(texts), texts).numpy()
    assert np.corrcoef(scores, [true_appeal(text) for text in texts])[0, 1] > 0.95


def test_app_is_centred_over_its_training_texts(world: World, encoder: TextEncoder) -> None:
    pairs = appeal_pairs(world, 60)
    config = AppConfig(training=dataclasses.replace(TRAINING, epochs=1, held_out_share=0.0))
    model = train_app(pairs, encoder, DescriptionVectors(encoder), config).model
    rows = {
        (pair.context.item_id, pair.context.viewer_id, text): (pair.context, text)
        for pair in pairs
        for text in (pair.first_text, pair.second_text)
    }
    contexts, texts = zip(*rows.values(), strict=True)
    assert model.score_mean.item() != 0.0
    assert model.score(contexts, texts).mean().item() == pytest.approx(0.0, abs=1e-4)
    with torch.no_grad():  # the loss knows no constant: one that crept in is taken out again
        model.head[-1].bias += 3.0
    assert model.score(contexts, texts).mean().item() == pytest.approx(3.0, abs=1e-3)
    centre_scores(model, examples_from_pairs(pairs))
    assert model.score(contexts, texts).mean().item() == pytest.approx(0.0, abs=1e-4)


def test_pcov_follows_the_viewer_and_keeps_the_scale_of_s(pcov: TrainedScorer, world: World) -> None:
    assert held_out(pcov)["accuracy"] > 0.85
    regression = pcov.metrics["regression"]
    assert isinstance(regression, dict)
    assert regression["correlation"] > 0.8
    assert regression["rmse"] < 0.15
    assert pcov.model.temperature.item() < 0.5  # differences of s are small: far below 1


def test_ppr_puts_first_what_the_viewer_values(ppr: TrainedScorer, world: World) -> None:
    assert held_out(ppr)["accuracy"] > 0.85
    anchor = ppr.metrics["anchor"]
    assert isinstance(anchor, dict)
    assert anchor["correlation"] > 0.4
    right = 0
    viewers = list(world.tastes)
    for viewer_id in viewers:
        context = next(c for c in world.contexts if c.viewer_id == viewer_id)
        best, worst = (THEMES[int(f(world.tastes[viewer_id]))] for f in (np.argmax, np.argmin))
        scores = ppr.model.score([context] * 2, [f"some {best} film", f"some {worst} film"])
        right += int(scores[0] > scores[1])
    assert right >= 0.9 * len(viewers)


def test_scores_do_not_depend_on_the_company_of_a_text(app: TrainedScorer, world: World) -> None:
    contexts = list(world.contexts[:20])
    texts = [f"superb {THEMES[k % 6]} film" + " and much" * (k % 5) for k in range(20)]
    together = app.model.score(contexts, texts)
    alone = torch.cat([app.model.score([c], [text]) for c, text in zip(contexts, texts, strict=True)])
    torch.testing.assert_close(together, alone, atol=0.05, rtol=0.02)  # bfloat16 where there is some


def test_temperature_is_stored_and_metrics_are_plain(app: TrainedScorer) -> None:
    assert app.model.temperature.item() == pytest.approx(held_out(app)["temperature"], rel=1e-5)
    json.dumps(app.metrics, allow_nan=False)


def test_training_is_seeded_and_calls_back_every_step(world: World, encoder: TextEncoder) -> None:
    seen: list[tuple[int, int]] = []
    config = AppConfig(training=dataclasses.replace(TRAINING, epochs=1))
    results = [
        train_app(
            appeal_pairs(world, 60),
            encoder,
            DescriptionVectors(encoder),
            config,
            callback=lambda step, total, metrics: seen.append((step, total)),
        )
        for _ in range(2)
    ]
    total = seen[0][1]
    assert seen == [(step, total) for step in range(1, total + 1)] * 2
    weights = [result.model.head[-1].weight for result in results]
    torch.testing.assert_close(weights[0], weights[1], atol=1e-6, rtol=1e-5)


def test_pcov_learns_from_targets_alone_and_against_the_description(
    world: World, encoder: TextEncoder
) -> None:
    pairs = theme_pairs(world, 60)
    config = PcovConfig(training=dataclasses.replace(TRAINING, epochs=1), description_weight=0.5)
    names: set[str] = set()
    trained = train_pcov(
        [],
        coverage_targets(world, pairs),
        encoder,
        DescriptionVectors(encoder),
        config,
        callback=lambda step, total, metrics: names.update(metrics),
    )
    assert {"regression", "over_description"} <= names
    assert "preference" not in names
    assert held_out(trained)["accuracy"] is None


def test_bad_data_is_refused(world: World, encoder: TextEncoder) -> None:
    context = world.contexts[0]
    with pytest.raises(RewardDataError, match=r"item i0, viewer u0: p_first 1\.5"):
        PreferencePair(context, "a", "b", 1.5)
    with pytest.raises(RewardDataError, match="second_text is blank"):
        PreferencePair(context, "a", " ", 0.5)
    with pytest.raises(RewardDataError, match="weight 0"):
        PreferencePair(context, "a", "b", 0.5, weight=0)
    with pytest.raises(RewardDataError, match=r"share -0\.1"):
        CoverageTarget(context, "a", -0.1)
    with pytest.raises(RewardDataError, match="no preference pairs"):
        train_app([], encoder, DescriptionVectors(encoder))
    with pytest.raises(RewardDataError, match="utility_std"):
        train_ppr([], encoder, DescriptionVectors(encoder), utility_mean=0.0, utility_std=0.0)


def test_vectors_of_another_width_are_refused(app: TrainedScorer, ppr: TrainedScorer, world: World) -> None:
    odd = Context("i0", "u0", "Film", "film", np.zeros(3, np.float32), np.zeros(3, np.float32))
    with pytest.raises(ValueError, match="width 3, the scorer expects 6"):
        ppr.model.score([odd], ["film"])
