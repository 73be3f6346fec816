"""beta: fixed or steered."""

import pytest

from modelsvc.core.rlaif.kl_control import KlController


def test_without_a_target_beta_stays() -> None:
    assert KlController(0.05).after(10.0) == KlController(0.05)


def test_with_a_target_beta_follows_by_hand() -> None:
    controller = KlController(0.1, target_nats_per_token=0.02, gain=0.5)
    assert controller.after(0.02).beta == pytest.approx(0.1)
    assert controller.after(0.022).beta == pytest.approx(0.105)  # 10 % over: half of that on beta
    assert controller.after(5.0).beta == pytest.approx(0.11)  # clipped at 20 %
    assert controller.after(-1.0).beta == pytest.approx(0.09)


def test_negative_values_are_refused() -> None:
    with pytest.raises(ValueError, match="beta"):
        KlController(-0.1)
    with pytest.raises(ValueError, match="target"):
        KlController(0.1, target_nats_per_token=0.0)
