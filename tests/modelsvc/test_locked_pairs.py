"""No test pair reaches a training function, although every system has texts there."""

import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from annotations.models import Endorsement, PreferenceLabel
from annotations.queries.records import ratings_folder
from modelsvc.configs import AiLabelsConfig, EndorserRunConfig
from modelsvc.core.collab import matrix_factorization
from modelsvc.core.collab.ratings import rows_of_pairs
from modelsvc.core.endorser import training
from modelsvc.services import teaching
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


@pytest.mark.django_db
def test_ratings_of_test_pairs_reach_neither_vectors_nor_profiles(world, monkeypatch):
    table = pq.read_table(ratings_folder(world.catalogue.pk))
    row = table.sort_by([("rating", "descending")]).slice(0, 1).to_pylist()[0]
    viewer, item = row["viewer_id"], row["item_id"]
    world.catalogue.pairs.update_or_create(
        viewer=world.catalogue.viewers.get(external_id=viewer),
        item=world.catalogue.items.get(external_id=item),
        defaults={"split": "test"},
    )
    fitted, told = [], []
    fit, tell = matrix_factorization.factorize, teaching.histories
    monkeypatch.setattr(
        matrix_factorization,
        "factorize",
        lambda ratings, config: fitted.append(ratings) or fit(ratings, config),
    )
    monkeypatch.setattr(teaching, "histories", lambda *a, **k: told.append(tell(*a, **k)) or told[-1])
    run = world.executed("embeddings", {"embedding_size": 8, "epochs": 1})
    assert run.status == "succeeded", run.error
    assert world.executed("profiles", {}).status == "succeeded"
    assert len(fitted[0]) < table.num_rows
    assert not rows_of_pairs(fitted[0], {(viewer, item)}).any()
    assert item not in {rated.item.item_id for rated in told[0][viewer].liked}


@pytest.mark.parametrize(
    ("model", "config"), [(EndorserRunConfig, {}), (AiLabelsConfig, {"systems": ["a", "b"]})]
)
def test_no_config_can_ask_for_the_test_split(model, config):
    model.model_validate({**config, "splits": ["train"]})
    with pytest.raises(ValidationError, match="splits"):
        model.model_validate({**config, "splits": ["test"]})
