"""The whole loop in miniature: ratings to policy to a rated study to its numbers, with tiny random models."""

import json
from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command

from annotations.models import Endorsement, Pair, PreferenceLabel, Run, Snapshot, Study

PIPELINE = {
    "name": "miniature",
    "catalogue": "miniature",
    "seed": 3,
    "stages": [
        {"name": "cf", "kind": "embeddings", "config": {"embedding_size": 8, "epochs": 4}},
        {"name": "profiles", "kind": "profiles"},
        {
            "name": "splits",
            "kind": "split_pairs",
            "config": {"train": 24, "collect": 8, "test": 8},
            "inputs": {"after": "profiles"},
        },
        {
            "name": "teacher",
            "kind": "teacher_endorsements",
            "config": {"system": "teacher", "drafts_system": "drafts", "drafts_pairs": 16},
            "inputs": {"after": "splits"},
        },
        {
            "name": "first study",
            "kind": "launch_study",
            "config": {
                "name": "miniature-collect",
                "title": "Collect",
                "catalogue": "miniature",
                "purpose": "collect",
                "baseline": "sft-text",
                "tests": ["teacher"],
                "pairs": {"split": "collect"},
                "attributes_per_comparison": 2,
                "redundancy": 2,
                "blinded_until_close": False,
            },
            "inputs": {"texts": "generate text"},
        },
    ],
}


def _tiny(**config):
    return {
        "base_model": "tiny",
        "batch_size": 4,
        "max_answer_tokens": 48,
        "max_prompt_tokens": 1600,
        **config,
    }


def _stage(name, kind, inputs, /, **config):
    return {"name": name, "kind": kind, "config": config, "inputs": inputs}


EARLY = [
    *PIPELINE["stages"][:4],
    _stage(
        "sft-text",
        "endorser",
        {"embeddings": "cf", "texts": "teacher"},
        **_tiny(use_embeddings=False, steps=3, systems=["teacher"]),
    ),
    _stage(
        "sft",
        "endorser",
        {"embeddings": "cf", "texts": "teacher"},
        **_tiny(stage_1_steps=2, stage_1_batch_size=4, steps=3, systems=["teacher"]),
    ),
    _stage(
        "generate text",
        "generate",
        {"policy": "sft-text", "embeddings": "cf"},
        system="sft-text", title="SFT-Text", kind="sft_text", splits=["collect", "test"], max_new_tokens=24,
    ),
    _stage(
        "generate sft",
        "generate",
        {"policy": "sft", "embeddings": "cf"},
        system="sft", title="SFT", kind="sft", splits=["train", "test"], max_new_tokens=24,
    ),
    PIPELINE["stages"][4],
]  # fmt: skip

LATE = [
    PIPELINE["stages"][0],
    _stage(
        "sft",
        "endorser",
        {"embeddings": "cf"},
        **_tiny(stage_1_steps=2, stage_1_batch_size=4, steps=3, systems=["teacher"]),
    ),
    _stage("labels", "ai_labels", {}, systems=["teacher", "drafts", "sft"], max_comparisons=40),
    _stage("snapshot", "snapshot", {"ai": "labels"}, sources=["bot", "ai"]),
    _stage(
        "rewards",
        "rewards",
        {"snapshot": "snapshot", "embeddings": "cf"},
        encoder="tiny", nli_steps=3, epochs=1, batch_size=8,
    ),
    _stage(
        "p4lm",
        "policy",
        {"sft": "sft", "rewards": "rewards", "embeddings": "cf"},
        steps=2, contexts_per_step=2, samples_per_context=2, max_new_tokens=24, reference_system="teacher",
    ),
    _stage(
        "generate p4lm",
        "generate",
        {"policy": "p4lm", "embeddings": "cf"},
        system="p4lm", title="P4LM", kind="p4lm", splits=["test"], max_new_tokens=24,
    ),
    _stage(
        "evaluate",
        "evaluate",
        {"rewards": "rewards", "embeddings": "cf", "texts": "generate p4lm"},
        systems=["teacher", "sft-text", "p4lm"], baseline="sft",
    ),
    _stage(
        "second study",
        "launch_study",
        {"texts": "generate p4lm"},
        name="miniature-evaluate", title="Evaluate", catalogue="miniature", purpose="evaluate",
        baseline="sft", tests=["p4lm"], pairs={"split": "test"}, attributes_per_comparison=2, redundancy=1,
    ),
]  # fmt: skip


def _run_pipeline(tmp_path: Path, stages, name) -> dict:
    path = tmp_path / f"{name}.yaml"
    path.write_text(yaml.safe_dump({**PIPELINE, "name": name, "stages": stages}))
    out = StringIO()
    call_command("run_pipeline", str(path), "--inline", "--json", stdout=out)
    return json.loads(out.getvalue())


@pytest.mark.django_db(transaction=True)
def test_from_ratings_to_a_policy_in_the_next_study(miniature, tmp_path, live_server):
    early = _run_pipeline(tmp_path, EARLY, "early")
    assert early["status"] == "succeeded", early

    bots = StringIO()
    call_command(
        "simulate_raters", "miniature-collect", "--raters", "3", "--seed", "5",
        "--base-url", live_server.url, "--json", stdout=bots,
    )  # fmt: skip
    study = Study.objects.get(name="miniature-collect")
    assert set(study.slots.values_list("status", flat=True)) == {"filled"}

    labels = tmp_path / "labels.csv"
    call_command("export_labels", "miniature-collect", "--format", "csv", "--output", str(labels))
    results, analysis = StringIO(), StringIO()
    call_command("study_results", "miniature-collect", "--json", stdout=results)
    call_command("analyze", str(labels), "--json", stdout=analysis)
    assert json.loads(results.getvalue())["contrasts"] == json.loads(analysis.getvalue())["contrasts"]

    late = _run_pipeline(tmp_path, LATE, "late")
    assert late["status"] == "succeeded", late

    snapshot = Snapshot.objects.get()
    assert set(snapshot.counts["appeal"]) == {"ai", "bot"}
    trained_on = PreferenceLabel.objects.values_list("endorsement__item_id", "endorsement__viewer_id")
    locked = Pair.objects.filter(split="test").values_list("item_id", "viewer_id")
    assert not set(trained_on) & set(locked)

    second = Study.objects.get(name="miniature-evaluate")
    assert second.status == "open"
    assert second.comparisons.count() == 8
    assert Endorsement.objects.filter(system__name="p4lm").count() == 8
    evaluation = Run.objects.get(kind="evaluate").result
    assert evaluation["pairs"] == 8
    assert {row["system"] for row in evaluation["scores"]} == {"teacher", "sft-text", "p4lm", "sft"}
