"""Snapshots: frozen, hashed, and closed to everything that must not train."""

import hashlib

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from annotations.models import Endorsement, PreferenceLabel, Run, Snapshot
from annotations.queries.snapshots import read_snapshot
from annotations.runs import storage
from annotations.services.runs import RunFailedError, create_run, execute_inline
from tests.study_data import make_study

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _store(settings, tmp_path):
    settings.ARTIFACTS_URL = str(tmp_path / "artifacts")
    settings.SCRATCH_DIR = tmp_path / "scratch"


def freeze(data, inputs=None, **config):
    run = create_run(
        kind="snapshot", config=config, catalogue=data.study.catalogue, inputs=inputs, dispatched=False
    )
    return execute_inline(run=run)


def frozen(run):
    artifact = run.artifacts.get(role="labels")
    return read_snapshot(storage.open_folder(artifact.sha256, artifact.files))


def ai_label(data, comparison=0, run=None, **fields):
    shown = data.comparisons[comparison]
    return PreferenceLabel.objects.create(
        catalogue=data.study.catalogue, criterion="appeal", source="ai", labeller="rules", purpose="collect",
        endorsement=shown.test_endorsement, other=shown.baseline_endorsement, value=0.8, run=run, **fields,
    )  # fmt: skip


@pytest.fixture
def data():
    data = make_study(items=2, split="collect")
    data.judge("ann", 0, precision="A", attributes=[(True, False, None)])
    data.judge("bob", 0, precision="B")
    data.enrol("bot", kind="bot")
    data.judge("bot", 1, precision="A")
    return data


def test_a_snapshot_holds_raters_and_teachers_labels_with_their_hash(data):
    ai_label(data)
    run = freeze(data, name="first", source_weights={"human": 2.0})
    snapshot = Snapshot.objects.get()
    artifact = run.artifacts.get(role="labels")
    content = (storage.open_folder(artifact.sha256, artifact.files) / "labels.jsonl").read_bytes()
    assert snapshot.sha256 == hashlib.sha256(content).hexdigest()
    assert content.splitlines() == sorted(content.splitlines())
    assert snapshot.counts == {
        "labels": 5, "precision": {"human": 1}, "coverage": {"human": 3}, "appeal": {"ai": 1},
    }  # fmt: skip
    assert run.result == {"snapshot": "first", "sha256": snapshot.sha256, "counts": snapshot.counts}

    labels = {(label.criterion, label.source, label.other_text is None): label for label in frozen(run)}
    precision = labels["precision", "human", False]
    assert (precision.item, precision.viewer) == ("i0", "v0")
    assert (precision.text, precision.other_text) == ("p4lm on Film 0 for v0.", "sft on Film 0 for v0.")
    assert (precision.value, precision.votes, precision.weight) == (0.5, 2, 4.0)
    assert labels["coverage", "human", True].other_text is None
    assert labels["appeal", "ai", False].weight == 1.0


def test_bots_are_in_only_when_asked_for(data):
    assert {label.source for label in frozen(freeze(data))} == {"human"}
    assert {label.source for label in frozen(freeze(data, sources=["bot"]))} == {"bot"}


def test_the_same_labels_have_the_same_hash_and_new_judgments_another(data):
    first, second = (freeze(data, name=name).result["sha256"] for name in ("one", "two"))
    assert first == second
    data.judge("cid", 1, precision="A")
    assert freeze(data, name="three").result["sha256"] != first


def test_a_name_is_never_given_to_other_labels(data):
    freeze(data, name="mine")
    with pytest.raises(RunFailedError, match="there is a snapshot 'mine' already"):
        freeze(data, name="mine")
    assert Snapshot.objects.count() == 1


def test_a_resumed_run_gets_what_it_froze(data):
    run = freeze(data)
    Run.objects.filter(pk=run.pk).update(status="queued", finished_at=None)
    data.judge("cid", 1, precision="A")
    run.refresh_from_db()
    again = execute_inline(run=run)
    assert again.result == run.result
    assert Snapshot.objects.count() == 1


def test_a_snapshot_cannot_be_changed(data):
    freeze(data)
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE annotations_snapshot SET counts = '{}'")


def test_ai_labels_come_from_the_labelling_run_that_was_given(data, monkeypatch):
    runs = [
        Run.objects.create(
            name="AI", kind="ai_labels", queue="light", config={}, code_version="", status="succeeded"
        )
        for _ in range(2)
    ]
    for run, comparison in zip(runs, (0, 1), strict=True):
        ai_label(data, comparison, run)
    assert len(frozen(freeze(data, sources=["ai"]))) == 2
    (only,) = frozen(freeze(data, sources=["ai"], inputs={"labels": runs[1]}))
    assert only.item == "i1"


def test_a_study_that_evaluates_is_refused_by_name_and_left_out_by_default(data):
    evaluating = make_study(
        "locked", catalogue=data.study.catalogue, items=3, study_fields={"purpose": "evaluate"}
    )
    evaluating.judge("ann", 2, precision="A")
    with pytest.raises(RunFailedError, match="'locked': evaluates on locked test pairs, so never trains"):
        freeze(data, studies=["films", "locked"])
    assert {label.labeller for label in frozen(freeze(data))} == {"films"}


def test_labels_of_locked_test_pairs_are_refused_whoever_made_them(data):
    locked = make_study("other", catalogue=data.study.catalogue, items=4)
    pair = locked.comparisons[3]
    data.study.catalogue.pairs.create(viewer=pair.viewer, item=pair.item, split="test")
    label = ai_label(locked, 3)
    with pytest.raises(RunFailedError, match="viewer v3, item i3"):
        freeze(data)
    label.delete()
    locked.judge("ann", 3, precision="A")
    with pytest.raises(RunFailedError, match="viewer v3, item i3"):
        freeze(data)
    assert not Snapshot.objects.exists()


def test_a_label_marked_as_evaluating_is_refused_even_without_a_split(data):
    ai_label(data)
    PreferenceLabel.objects.update(purpose="evaluate")
    with pytest.raises(RunFailedError, match="viewer v0, item i0"):
        freeze(data)


def test_nothing_selected_and_unknown_studies_are_errors(data):
    with pytest.raises(RunFailedError, match="the selection holds no labels"):
        freeze(data, sources=["ai"])
    with pytest.raises(RunFailedError, match="no launched study 'nothing'"):
        freeze(data, studies=["nothing"])
    assert Endorsement.objects.exists()
