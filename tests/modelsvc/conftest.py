"""A catalogue whose texts and tiny models are there, made once for the package and rolled back after it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.test.utils import override_settings

from annotations.models import Run
from annotations.runs import context
from annotations.services.runs import create_run, execute_inline
from tests.miniature import import_miniature
from tests.modelsvc.world import TINY, World


@pytest.fixture(scope="package")
def prepared(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("modelsvc")
    # A lease this long needs no heartbeat, which could not see rows of an open transaction.
    kept = override_settings(
        ARTIFACTS_URL=str(folder / "artifacts"), SCRATCH_DIR=folder / "scratch", RUN_LEASE_S=86400
    )
    with kept, django_db_blocker.unblock(), transaction.atomic():
        catalogue = import_miniature(folder)

        def run(kind: str, config: dict, **inputs: Run) -> Run:
            new = create_run(
                kind=kind, config=config, seed=3, catalogue=catalogue, inputs=inputs, dispatched=False
            )
            return execute_inline(run=new)

        embeddings = run("embeddings", {"embedding_size": 8, "epochs": 3})
        run("profiles", {})
        run("split_pairs", {"train": 16, "collect": 6, "test": 6})
        run("teacher_endorsements", {"system": "teacher", "drafts_system": "drafts", "drafts_pairs": 8})
        sft = run("endorser", {**TINY, "stage_1_steps": 1, "steps": 1}, embeddings=embeddings)
        yield World(catalogue, embeddings, sft)
        transaction.set_rollback(True)


@pytest.fixture
def world(prepared: World, db, settings, monkeypatch) -> World:
    """The prepared catalogue; what the test does to it is undone. Progress is written at every step."""
    monkeypatch.setattr(context, "PROGRESS_EVERY", timedelta(0))
    return prepared
