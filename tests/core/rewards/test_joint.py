"""Eq. 1 and eq. 2."""

import math

import pytest
import torch

from modelsvc.core.rewards import JointRewardConfig
from modelsvc.core.rewards.joint import linear_reward, log_sigmoid_reward, penalize_unfinished

ONES = {"prec": 1.0, "app": 1.0, "pcov": 1.0, "ppr": 1.0}
UNIT_TEMPERATURES = {"app": 1.0, "pcov": 1.0, "ppr": 1.0}


def test_eq_1_by_hand() -> None:
    scores = {
        "prec": torch.tensor([0.5]),
        "app": torch.tensor([2.0]),
        "pcov": torch.tensor([0.25]),
        "ppr": torch.tensor([-1.0]),
    }
    reward = linear_reward(scores, {"prec": 2.0, "app": 1.0, "pcov": 4.0, "ppr": 0.5})
    assert reward.item() == pytest.approx(1.0 + 2.0 + 1.0 - 0.5)


def test_eq_2_by_hand() -> None:
    """At even odds everywhere the joint probability is 1/16."""
    zero = torch.zeros(1)
    reward, terms = log_sigmoid_reward(
        zero, {"app": zero, "pcov": zero, "ppr": zero}, temperatures=UNIT_TEMPERATURES, weights=ONES
    )
    assert reward.item() == pytest.approx(-4 * math.log(2))
    assert set(terms) == set(ONES)


def test_eq_2_divides_by_the_fitted_temperature() -> None:
    zero, tenth = torch.zeros(1), torch.tensor([0.1])
    _, terms = log_sigmoid_reward(
        zero,
        {"app": zero, "pcov": tenth, "ppr": zero},
        temperatures={"app": 1.0, "pcov": 0.05, "ppr": 1.0},
        weights=ONES,
    )
    assert terms["pcov"].item() == pytest.approx(math.log(0.8807970779778823))


def test_eq_2_is_never_positive_and_stays_finite() -> None:
    extreme = torch.tensor([-1e4, 0.0, 1e4])
    reward, _ = log_sigmoid_reward(
        extreme,
        {"app": extreme, "pcov": extreme, "ppr": extreme},
        temperatures=UNIT_TEMPERATURES,
        weights=ONES,
    )
    assert torch.isfinite(reward).all()
    assert (reward <= 0).all()
    assert reward[0].item() == pytest.approx(-4e4)


def test_an_unfinished_text_keeps_its_score_and_pays_the_penalty() -> None:
    rewards = penalize_unfinished(torch.tensor([-2.0, -2.0]), [False, True], -5.0)
    torch.testing.assert_close(rewards, torch.tensor([-2.0, -7.0]))
    with pytest.raises(ValueError, match="1 flags for 2 rewards"):
        penalize_unfinished(torch.zeros(2), [True], -5.0)


@pytest.mark.parametrize("field", ["prec", "app", "pcov", "ppr"])
def test_negative_weights_are_refused(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        JointRewardConfig(**{field: -0.1})


def test_a_positive_penalty_is_refused() -> None:
    with pytest.raises(ValueError, match="truncation_penalty"):
        JointRewardConfig(truncation_penalty=1.0)
