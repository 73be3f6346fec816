"""Run kind ``rewards`` with a tiny encoder: what Prec learns from labels, and what it is measured on."""

from typing import Any

import pytest

from annotations.models import PreferenceLabel, Run
from modelsvc.core import rewards as core
from modelsvc.services import rewards as service
from tests.modelsvc.world import LABELS, World

pytestmark = pytest.mark.django_db

REWARDS = {"encoder": "tiny", "nli_steps": 2, "epochs": 1, "batch_size": 8}


@pytest.fixture
def labels(world: World) -> Run:
    return world.executed("ai_labels", {**LABELS, "max_comparisons": 40})


def train(world: World, labels: Run, **selection: Any) -> Run:
    snapshot = world.executed("snapshot", {"sources": ["ai"], **selection}, ai=labels)
    assert snapshot.status == "succeeded", snapshot.error
    return world.executed("rewards", REWARDS, snapshot=snapshot)


def test_prec_learns_from_precision_labels_and_is_measured_on_other_items(world, labels, monkeypatch):
    trained, measured = [], []
    original_train, original_pairs = core.train_entailment, service._precision_pairs

    def watched_train(*args, **kwargs):
        trained.append(original_train(*args, **kwargs))
        return trained[-1]

    def watched_pairs(models, pairs, unseen):
        measured.append(unseen)
        return original_pairs(models, pairs, unseen)

    monkeypatch.setattr(core, "train_entailment", watched_train)
    monkeypatch.setattr(service, "_precision_pairs", watched_pairs)
    run = train(world, labels)
    assert run.status == "succeeded", run.error
    assert run.result["metrics"]["prec"]["n_train_extra_examples"] > 0
    assert measured == [trained[0].held_out]
    sure = PreferenceLabel.objects.filter(run=labels, criterion="precision", value__gte=0.75)
    sure |= PreferenceLabel.objects.filter(run=labels, criterion="precision", value__lte=0.25)
    on_unseen = sure.filter(endorsement__item__external_id__in=trained[0].held_out).count()
    assert 0 < on_unseen < sure.count()
    assert run.result["precision_pairs"]["pairs"] == on_unseen


def test_the_encoder_is_loaded_once(world, labels, monkeypatch):
    loaded = []
    original = core.tiny_random_encoder
    monkeypatch.setattr(core, "tiny_random_encoder", lambda: loaded.append(1) or original())
    run = train(world, labels)
    assert run.status == "succeeded", run.error
    assert len(loaded) == 1


def test_a_criterion_without_labels_is_named_before_anything_is_trained(world, labels, monkeypatch):
    monkeypatch.setattr(core, "train_entailment", None)
    run = train(world, labels, criteria=["precision", "appeal"])
    assert run.error == (
        "NothingToLearnFromError: the snapshot has no labels of coverage (Pcov), prioritization (Ppr)"
    )


def test_a_label_about_a_pair_of_no_split_is_named(world, labels):
    label = PreferenceLabel.objects.filter(run=labels, criterion="appeal").first()
    item, viewer = label.endorsement.item, label.endorsement.viewer
    world.catalogue.pairs.filter(item=item, viewer=viewer).delete()
    run = train(world, labels)
    assert run.error.startswith("UnknownPairError: a ")
    assert f"viewer {viewer.external_id!r} and item {item.external_id!r}" in run.error
