"""The gate against an endorser that ignores the viewer."""

from dataclasses import replace

import numpy as np
import pytest

from modelsvc.core.endorser.tasks import Endorsed
from modelsvc.core.endorser.training import TrainingConfig, train_stage_2
from modelsvc.core.endorser.viewer_use import clustered_mean, measure_viewer_use, other_viewers, text_nll
from tests.core.endorser.tiny import some_contexts, tiny_endorser


def pairs(depends_on_viewer: bool) -> list[Endorsed]:
    """Viewers of two tastes, told apart by their first component; texts that follow it, or do not."""
    made = []
    for k, context in enumerate(some_contexts(60)):
        vector = context.viewer_vector.copy()
        vector[0] = 2.0 if k % 2 else -2.0
        text = ("a" if k % 2 else "b") if depends_on_viewer else "c"
        made.append(Endorsed(replace(context, viewer_vector=vector, item_description="Rain."), text))
    return made


@pytest.mark.parametrize("depends_on_viewer", [True, False])
def test_the_gate_opens_only_if_texts_depend_on_the_viewer(depends_on_viewer: bool) -> None:
    endorser = tiny_endorser(prefix_tokens=16)
    data = pairs(depends_on_viewer)
    config = TrainingConfig(
        steps=150, batch_size=10, learning_rate=3e-3, adapter_learning_rate=3e-3, precision="fp32"
    )
    train_stage_2(endorser, data[:30], config)
    held_out = data[30:]
    use = measure_viewer_use(endorser, held_out, partners=[*range(1, 30), 0], precision="fp32")
    assert use.uses_viewer is depends_on_viewer
    if depends_on_viewer:
        assert use.shuffled_minus_true.mean > 0.3
        assert use.nll_true < 0.5
    else:
        assert abs(use.shuffled_minus_true.mean) < 0.05
    assert use.shuffled_minus_true.pairs == 30


def test_clustered_mean_by_hand() -> None:
    # One value per viewer: mean 2, standard error 1 / sqrt(3), t(0.975, 2) = 4.302653.
    plain = clustered_mean(np.array([1.0, 2.0, 3.0]), ["a", "b", "c"])
    assert plain.interval == pytest.approx((2 - 4.302653 / 3**0.5, 2 + 4.302653 / 3**0.5))
    # Two viewers, each seen twice with equal values: only two facts. Error 1, t(0.975, 1) = 12.7062.
    clustered = clustered_mean(np.array([1.0, 1.0, 3.0, 3.0]), ["a", "a", "b", "b"])
    assert clustered.interval == pytest.approx((2 - 12.7062, 2 + 12.7062), abs=1e-3)
    assert clustered.pairs == 4
    assert clustered_mean(np.array([1.0]), ["a"]).interval == (float("-inf"), float("inf"))


def test_partners_are_other_viewers() -> None:
    viewers = ["a", "a", "b", "c"]
    for seed in range(20):
        partners = other_viewers(viewers, seed=seed)
        assert all(viewers[index] != viewers[other] for index, other in enumerate(partners))
    with pytest.raises(ValueError, match="at least two"):
        other_viewers(["a", "a"], seed=0)
    with pytest.raises(ValueError, match="own viewer"):
        measure_viewer_use(tiny_endorser(), pairs(True)[:2], partners=[0, 1])
    with pytest.raises(ValueError, match="reads no viewer"):
        measure_viewer_use(tiny_endorser(use_embeddings=False), pairs(True)[:2])


def test_text_nll_does_not_depend_on_the_batch() -> None:
    endorser, data = tiny_endorser(), pairs(True)[:7]
    together = text_nll(endorser, data, batch_size=7, precision="fp32")
    apart = text_nll(endorser, data, batch_size=1, precision="fp32")
    assert together == pytest.approx(apart, abs=1e-5)
