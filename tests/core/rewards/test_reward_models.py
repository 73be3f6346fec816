"""The four models together: scores, the joint reward, the folder."""

import json
import math
from pathlib import Path

import pytest
import torch

from modelsvc.core.rewards import (
    AppConfig,
    DescriptionVectors,
    ItemText,
    JointRewardConfig,
    MissingReferenceError,
    NliTrainingConfig,
    PairTrainingConfig,
    PcovConfig,
    PprConfig,
    PrecisionModel,
    RewardModels,
    RewardModelsFileError,
    tiny_random_encoder,
    train_app,
    train_entailment,
    train_pcov,
    train_ppr,
)
from modelsvc.core.rewards.joint import PAIRWISE_REWARDS
from tests.core.rewards.worlds import (
    WORDS,
    World,
    appeal_pairs,
    coverage_targets,
    make_world,
    theme_pairs,
)

TEXTS = ["superb space film", "dull war film", "gripping heist. It is a comedy."]


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(items=12, viewers=6)


@pytest.fixture(scope="module")
def models(world: World) -> RewardModels:
    encoder = tiny_random_encoder(WORDS)
    descriptions = DescriptionVectors(encoder)
    training = PairTrainingConfig(epochs=1)
    pairs = theme_pairs(world, 80)
    items = [ItemText(c.item_id, c.item_title, c.item_description) for c in world.contexts]
    app = train_app(appeal_pairs(world, 80), encoder, descriptions, AppConfig(training=training))
    pcov = train_pcov(
        pairs, coverage_targets(world, pairs), encoder, descriptions, PcovConfig(training=training)
    )
    ppr = train_ppr(
        pairs, encoder, descriptions, utility_mean=0.0, utility_std=1.5, config=PprConfig(training=training)
    )
    nli = train_entailment(items, encoder, NliTrainingConfig(steps=4))
    return RewardModels(
        prec=PrecisionModel(nli.model),
        app=app.model,
        pcov=pcov.model,
        ppr=ppr.model,
        metrics={"app": app.metrics, "pcov": pcov.metrics, "ppr": ppr.metrics, "prec": nli.metrics},
    )


def test_scores_have_every_reward_and_equal_texts_tie_exactly(models: RewardModels, world: World) -> None:
    context = world.contexts[0]
    scores = models.score([context] * 4, [TEXTS[0], TEXTS[2], TEXTS[0], TEXTS[1]])
    assert set(scores) == {"prec", "prec_logit", "app", "pcov", "ppr"}
    for values in scores.values():
        assert values.shape == (4,)
        assert values.dtype == torch.float32
        assert values[0] == values[2]
    assert scores["app"][0] != scores["app"][3]


def test_joint_reward_is_eq_2_of_the_scores(models: RewardModels, world: World) -> None:
    contexts = list(world.contexts[:3])
    references = {(c.item_id, c.viewer_id): "some film" for c in contexts}
    result = models.reward_function(references)(contexts, TEXTS, [False] * 3)
    own = models.score(contexts, TEXTS)
    reference = models.score(contexts, ["some film"] * 3)
    expected = torch.nn.functional.logsigmoid(own["prec_logit"])
    for name in PAIRWISE_REWARDS:
        gap = (own[name] - reference[name]) / models.temperatures()[name]
        expected = expected + torch.nn.functional.logsigmoid(gap)
    torch.testing.assert_close(result["joint"], expected, atol=0.05, rtol=0.05)
    assert (result["joint"] <= 0).all()


def test_the_reference_itself_has_even_odds_on_the_three_pairwise_rewards(
    models: RewardModels, world: World
) -> None:
    context = world.contexts[5]
    reward = models.reward_function({(context.item_id, context.viewer_id): TEXTS[0]})
    result = reward([context], [TEXTS[0]], [False])
    pairwise = sum(result[f"log_{name}"].item() for name in PAIRWISE_REWARDS)
    assert pairwise == pytest.approx(-3 * math.log(2), abs=0.05)


def test_truncated_and_blank_texts_pay_the_penalty(models: RewardModels, world: World) -> None:
    contexts = [world.contexts[0]] * 3
    reward = models.reward_function(
        {(contexts[0].item_id, contexts[0].viewer_id): TEXTS[1]}, JointRewardConfig(truncation_penalty=-7.0)
    )
    result = reward(contexts, [TEXTS[0], TEXTS[0], " "], [False, True, False])
    assert (result["joint"][0] - result["joint"][1]).item() == pytest.approx(7.0, abs=1e-4)
    assert result["joint"][2] < -7.0 - 9.0  # the penalty and the logit of nothing said


def test_eq_1_needs_no_reference_and_a_single_reward_is_that_reward(
    models: RewardModels, world: World
) -> None:
    only_app = JointRewardConfig(form="linear", prec=0.0, pcov=0.0, ppr=0.0)
    result = models.reward_function({}, only_app)([world.contexts[0]], [TEXTS[0]], [False])
    torch.testing.assert_close(result["joint"], result["app"])


def test_a_missing_reference_is_named(models: RewardModels, world: World) -> None:
    with pytest.raises(MissingReferenceError, match=r"item 'i0', viewer 'u0'"):
        models.reward_function({})([world.contexts[0]], ["film"], [False])


def test_round_trip(models: RewardModels, world: World, tmp_path: Path) -> None:
    models.save(tmp_path / "rewards")
    loaded = RewardModels.load(tmp_path / "rewards")
    contexts = list(world.contexts[:3])
    before, after = models.score(contexts, TEXTS), loaded.score(contexts, TEXTS)
    for name in before:
        torch.testing.assert_close(after[name], before[name], atol=1e-4, rtol=1e-4)
    assert loaded.temperatures() == models.temperatures()
    assert loaded.metrics == json.loads(json.dumps(models.metrics))
    assert not list((tmp_path / "rewards").rglob("*.bin")) + list((tmp_path / "rewards").rglob("*.pkl"))


@pytest.mark.parametrize("name", ["app.safetensors", "prec.safetensors", "reward_models.json"])
def test_a_missing_or_broken_file_is_named(models: RewardModels, tmp_path: Path, name: str) -> None:
    models.save(tmp_path)
    (tmp_path / name).write_bytes(b"{broken")
    with pytest.raises(RewardModelsFileError, match=name.replace(".", r"\.")):
        RewardModels.load(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(RewardModelsFileError, match=name.replace(".", r"\.")):
        RewardModels.load(tmp_path)


def test_weights_of_another_model_are_refused(models: RewardModels, tmp_path: Path) -> None:
    models.save(tmp_path)
    (tmp_path / "app.safetensors").write_bytes((tmp_path / "ppr.safetensors").read_bytes())
    with pytest.raises(RewardModelsFileError, match=r"app\.safetensors: missing .*unexpected"):
        RewardModels.load(tmp_path)


def test_an_entailment_model_on_another_encoder_is_not_saved_silently(
    models: RewardModels, world: World, tmp_path: Path
) -> None:
    items = [ItemText(c.item_id, c.item_title, c.item_description) for c in world.contexts]
    stranger = train_entailment(items, tiny_random_encoder(WORDS, seed=9), NliTrainingConfig(steps=1)).model
    mixed = RewardModels(PrecisionModel(stranger), models.app, models.pcov, models.ppr)
    with pytest.raises(ValueError, match="same pretrained encoder"):
        mixed.save(tmp_path)
