"""No test pair reaches a training function, although every system has texts there."""

import pytest
from pydantic import ValidationError

from annotations.models import Endorsement, PreferenceLabel
from modelsvc.configs import AiLabelsConfig, EndorserRunConfig
from modelsvc.core.endorser import training
from tests.modelsvc.world import ENDORSER, LABELS, World


@pytest.fixture
def locked(world: World) -> set[tuple[str, str]]:
    pairs = world.catalogue.pairs.filter(split="test")
    found = set(pairs.values_list("item__external_id", "viewer__external_id"))
    with_texts = Endorsement.objects.filter(system__name="teacher").values_list(
        "item__external_id", "viewer__external_id"
    )
    assert found & set(with_texts), "the guard would have nothing to keep out"
    return found


@pytest.mark.django_db
def test_endorsers_are_never_trained_on_test_pairs(world, locked, monkeypatch):
    seen = []
    original = training.train_stage_2

    def watched(endorser, pairs, *args, **kwargs):
        seen.extend((pair.context.item_id, pair.context.viewer_id) for pair in pairs)
        return original(endorser, pairs, *args, **kwargs)

    monkeypatch.setattr(training, "train_stage_2", watched)
    run = world.executed("endorser", {**ENDORSER, "stage_1_steps": 0, "steps": 1})
    assert run.status == "succeeded", run.error
    assert seen
    assert not set(seen) & locked


@pytest.mark.django_db
def test_ai_labels_are_never_about_test_pairs(world, locked):
    run = world.executed("ai_labels", {**LABELS, "systems": ["teacher", "drafts"]})
    labelled = PreferenceLabel.objects.filter(run=run).values_list(
        "endorsement__item__external_id", "endorsement__viewer__external_id"
    )
    assert labelled
    assert not set(labelled) & locked


@pytest.mark.parametrize(
    ("model", "config"), [(EndorserRunConfig, {}), (AiLabelsConfig, {"systems": ["a", "b"]})]
)
def test_no_config_can_ask_for_the_test_split(model, config):
    model.model_validate({**config, "splits": ["train"]})
    with pytest.raises(ValidationError, match="splits"):
        model.model_validate({**config, "splits": ["test"]})
