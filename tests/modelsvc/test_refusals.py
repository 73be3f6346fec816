"""What a run says when it cannot do its work: one line that names what is missing."""

from typing import Any

import pytest

from annotations.models import Catalogue, Endorsement, Item, PreferenceLabel, Profile, Viewer
from annotations.services.systems import save_system
from tests.modelsvc.world import GENERATE, LABELS, TINY, World

pytestmark = pytest.mark.django_db


def error_of(world: World, kind: str, config: dict[str, Any], **inputs: Any) -> str:
    run = world.executed(kind, config, **inputs)
    assert run.status == "failed"
    return run.error


@pytest.mark.parametrize("kind", ["embeddings", "profiles"])
def test_a_catalogue_without_ratings(world, kind):
    Catalogue.objects.filter(pk=world.catalogue.pk).update(ratings=None)
    assert error_of(world, kind, {}) == "NoRatingsError: catalogue 'miniature' has no ratings"


def test_no_item_has_a_description(world):
    Item.objects.filter(catalogue=world.catalogue).update(description="")
    assert error_of(world, "teacher_endorsements", {"system": "again", "splits": ["train"]}) == (
        "NothingToWriteError: no train pair has an item with a description and a viewer with a profile"
    )


def test_a_split_without_pairs(world):
    world.catalogue.pairs.filter(split="test").delete()
    error = error_of(world, "generate", {**GENERATE, "splits": ["test"]}, policy=world.sft)
    assert error == "NothingToWriteError: the catalogue has no test pairs"


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("endorser", {**TINY, "systems": ["teacher", "tutor"]}),
        ("ai_labels", {"systems": ["teacher", "tutor"]}),
    ],
)
def test_an_unknown_system_is_named_with_those_there_are(world, kind, config):
    assert error_of(world, kind, config) == (
        "UnknownSystemError: the catalogue has no system 'tutor'; there are: drafts, teacher"
    )


def test_a_system_without_texts(world):
    save_system(catalogue_id=world.catalogue.pk, name="silent", title="Silent", kind="import")
    assert error_of(world, "endorser", {**TINY, "systems": ["silent"]}) == (
        "NothingToTrainOnError: no endorsements of silent on train or collect pairs"
    )
    assert error_of(world, "ai_labels", {"systems": ["silent", "teacher"], "splits": ["collect"]}) == (
        "NothingToLabelError: no collect pair has two different texts of silent, teacher"
    )


def test_an_item_and_a_viewer_without_a_vector(world):
    item = Item.objects.create(
        catalogue=world.catalogue, external_id="cold", title="Cold", description="A film that nobody rated."
    )
    viewer = Viewer.objects.create(catalogue=world.catalogue, external_id="new")
    world.catalogue.pairs.create(item=item, viewer=viewer, split="test")
    error = error_of(world, "generate", GENERATE, policy=world.sft)
    assert error.startswith("MissingVectorsError: no vector for item 'cold', viewer 'new': ")


def test_a_system_of_another_kind(world):
    error = error_of(world, "generate", {**GENERATE, "system": "teacher"}, policy=world.sft)
    assert error == (
        "SystemKindError: system 'teacher' is there as prompted_teacher, not sft; choose another name"
    )


def test_a_system_is_one_policy_sampled_one_way(world):
    world.executed("generate", {**GENERATE, "limit": 4}, policy=world.sft)
    warmer = error_of(world, "generate", {**GENERATE, "temperature": 0.9}, policy=world.sft)
    assert "was sampled with temperature 0.7, not 0.9" in warmer
    other = world.executed(
        "endorser", {**TINY, "use_embeddings": False, "steps": 1}, embeddings=world.embeddings
    )
    mixed = error_of(world, "generate", GENERATE, policy=other)
    assert f"system 'sampled' holds texts of the policy that run {world.sft.pk} trained" in mixed
    assert Endorsement.objects.filter(system__name="sampled").count() == 4


def test_an_input_that_wrote_no_policy(world):
    error = error_of(world, "generate", GENERATE, policy=world.embeddings)
    assert error.endswith("wrote no artifact 'endorser'")


def test_vectors_that_a_model_was_not_trained_with(world):
    others = world.executed("embeddings", {"embedding_size": 8, "epochs": 1})
    error = error_of(world, "generate", GENERATE, policy=world.sft, embeddings=others)
    assert error == (
        f"OtherVectorsError: input 'policy', run {world.sft.pk} (Endorser training), was trained with the "
        f"embeddings of run {world.embeddings.pk}, not of run {others.pk}"
    )


def test_no_held_out_ratings_give_no_rmse(world):
    run = world.executed("embeddings", {"embedding_size": 8, "epochs": 1, "held_out_share": 0})
    assert run.status == "succeeded", run.error
    assert run.result["rmse"] is None
    assert "rmse" not in run.artifacts.get().metadata


def test_a_viewer_without_a_profile_gets_no_labels_of_coverage_or_prioritization(world):
    Profile.objects.filter(viewer__catalogue=world.catalogue).update(is_current=False)
    run = world.executed("ai_labels", LABELS)
    assert run.status == "succeeded", run.error
    criteria = PreferenceLabel.objects.filter(run=run).values_list("criterion", flat=True)
    assert set(criteria) == {"precision", "appeal"}
