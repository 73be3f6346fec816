"""Run kind ``policy`` with a reward that counts vowels: what it trains on, its references, its resuming."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import torch

from annotations.models import Artifact, Run, RunEvent
from modelsvc.core.endorser.context import Context
from modelsvc.core.rewards.reward_models import RewardModels
from modelsvc.core.rlaif import on_policy
from tests.modelsvc.test_resume import weights_of
from tests.modelsvc.world import World, undone

pytestmark = pytest.mark.django_db

POLICY = {
    "steps": 4, "contexts_per_step": 2, "samples_per_context": 2, "max_new_tokens": 8,
    "reference_system": "teacher", "pairs": 6,
}  # fmt: skip


class VowelReward:
    """Stands in for trained reward models; keeps the references that it was given."""

    references: Mapping[tuple[str, str], str]

    def reward_function(self, references: Mapping[tuple[str, str], str], config: Any) -> Any:
        self.references = references

        def reward(contexts: Sequence[Context], texts: Sequence[str], truncated: Sequence[bool]) -> Any:
            return {"joint": torch.tensor([float(sum(text.count(v) for v in "aeiou")) for text in texts])}

        return reward


@pytest.fixture
def reward(monkeypatch: pytest.MonkeyPatch) -> VowelReward:
    stand_in = VowelReward()
    monkeypatch.setattr(RewardModels, "load", classmethod(lambda cls, folder: stand_in))
    return stand_in


@pytest.fixture
def rewards_run(world: World) -> Run:
    """A succeeded run with an artifact ``rewards``; its files are the embeddings', which nothing reads."""
    run = world.new_run("evaluate", {"systems": ["teacher"], "baseline": "teacher"}, rewards=world.embeddings)
    vectors = world.embeddings.artifacts.get()
    Artifact.objects.create(
        run=run, role="rewards", sha256=vectors.sha256, files=vectors.files, size_bytes=vectors.size_bytes
    )
    return run


def test_it_trains_on_training_pairs_against_the_reference_system(world, reward, rewards_run):
    run = world.executed("policy", POLICY, sft=world.sft, rewards=rewards_run)
    assert run.status == "succeeded", run.error
    pairs = world.catalogue.pairs.filter(split="train")
    training = set(pairs.values_list("item__external_id", "viewer__external_id"))
    assert 0 < len(reward.references) <= 6
    assert set(reward.references) <= training


def test_without_a_reference_system_the_sft_policy_is_sampled(world, reward, rewards_run):
    config = {**POLICY, "reference_system": "", "steps": 1}
    references = []
    for _ in range(2):
        run = world.executed("policy", config, sft=world.sft, rewards=rewards_run)
        assert run.status == "succeeded", run.error
        references.append(dict(reward.references))
    assert len(references[0]) == 6
    assert references[0] == references[1]


@pytest.mark.parametrize(
    ("system", "error"),
    [
        ("tutor", "UnknownSystemError: the catalogue has no system 'tutor'"),
        ("silent", "NoReferenceTextError: system 'silent' has no text for any of the 6 train pairs"),
    ],
)
def test_a_reference_system_without_texts(world, reward, rewards_run, system, error):
    world.catalogue.systems.create(name="silent", title="Silent", kind="import")
    config = {**POLICY, "reference_system": system}
    run = world.executed("policy", config, sft=world.sft, rewards=rewards_run)
    assert run.error.startswith(error)


def test_killed_and_resumed_ends_with_the_same_weights(world, reward, rewards_run, monkeypatch):
    original = on_policy.OnPolicyConfig
    monkeypatch.setattr(
        "modelsvc.core.rlaif.config.OnPolicyConfig", lambda **given: original(**given, checkpoint_every=2)
    )
    with undone():
        whole = world.executed("policy", POLICY, sft=world.sft, rewards=rewards_run)
        assert whole.status == "succeeded", whole.error
        expected = weights_of(whole), whole.result
    resumed = world.killed_and_resumed(
        "policy", POLICY, method="progress", call=4, sft=world.sft, rewards=rewards_run
    )
    assert resumed.status == "succeeded", resumed.error
    assert (weights_of(resumed), resumed.result) == expected
    steps = RunEvent.objects.filter(run=resumed, level="metrics").order_by("pk").values_list("fence", "step")
    assert list(steps) == [(1, 1), (1, 2), (1, 3), (2, 3), (2, 4)]
