"""Model-based evaluation: Table 1 and App. B against hand-computed numbers."""

import dataclasses
import json
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from modelsvc.core.endorser.context import Context
from modelsvc.core.evaluation import EvaluationError, compare, evaluate_systems, summarize


class LengthModels:
    """Stands for RewardModels: every reward is the number of words."""

    def __init__(self) -> None:
        self.calls = 0

    def score(self, contexts: Sequence[Context], texts: Sequence[str]) -> dict[str, Tensor]:
        self.calls += 1
        words = torch.tensor([float(len(text.split())) for text in texts])
        return {"prec": words / 10, "prec_logit": words, "app": words, "pcov": words, "ppr": words}


def contexts(count: int) -> list[Context]:
    zero = np.zeros(2, np.float32)
    return [Context(f"i{k}", "u", "Film", "A film.", zero, zero) for k in range(count)]


def test_mean_and_standard_error_by_hand() -> None:
    score = summarize("SFT", "app", np.array([1.0, 2.0, 3.0, 6.0]))
    assert score.mean == 3.0
    assert score.standard_error == pytest.approx(np.sqrt(14 / 3) / 2)
    assert summarize("SFT", "app", np.array([1.0])).standard_error is None


def test_win_rate_counts_ties_against_and_absolute_increase_by_hand() -> None:
    result = compare("P4LM", "SFT", "app", np.array([2.0, 1.0, 5.0, 0.0]), np.array([1.0, 1.0, 2.0, 3.0]))
    assert (result.wins, result.ties, result.losses, result.n) == (2, 1, 1, 4)
    assert result.win_rate == 0.5
    assert result.absolute_increase == pytest.approx(0.25)
    assert result.absolute_increase_standard_error == pytest.approx(np.std([1, 0, 3, -3], ddof=1) / 2)


def test_swapping_the_systems_swaps_wins_and_losses() -> None:
    a, b = np.array([1.0, 4.0, 2.0]), np.array([1.0, 3.0, 5.0])
    one, other = compare("A", "B", "app", a, b), compare("B", "A", "app", b, a)
    assert (one.wins, one.ties, one.losses) == (other.losses, other.ties, other.wins)
    assert one.absolute_increase == -other.absolute_increase


def test_systems_are_matched_by_pair_whatever_their_order() -> None:
    models = LengthModels()
    pairs = contexts(3)
    systems = {
        "SFT": [(pairs[0], "a"), (pairs[1], "a b"), (pairs[2], "a b c")],
        "P4LM": [(pairs[2], "a b c"), (pairs[0], "a b c"), (pairs[1], "a b")],
    }
    evaluation = evaluate_systems(systems, models, baseline="SFT")  # type: ignore[arg-type]
    assert models.calls == 1
    assert [c.reward for c in evaluation.comparisons] == ["prec", "app", "pcov", "ppr"]
    appeal = next(c for c in evaluation.comparisons if c.reward == "app")
    assert (appeal.wins, appeal.ties, appeal.losses) == (1, 2, 0)
    assert appeal.absolute_increase == pytest.approx(2 / 3)
    assert len(evaluation.scores) == 8
    as_json = json.loads(json.dumps(evaluation.as_dict(), allow_nan=False))
    assert as_json["comparisons"][1]["win_rate"] == pytest.approx(1 / 3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        evaluation.scores[0].mean = 0.0  # type: ignore[misc]


def test_systems_that_cannot_be_compared_are_refused() -> None:
    pairs = contexts(2)
    models = LengthModels()
    sft = [(pairs[0], "a"), (pairs[1], "b")]
    with pytest.raises(EvaluationError, match="baseline 'X'"):
        evaluate_systems({"SFT": sft}, models, baseline="X")  # type: ignore[arg-type]
    with pytest.raises(EvaluationError, match=r"'P4LM' and baseline 'SFT' differ .* item 'i1'"):
        evaluate_systems({"SFT": sft, "P4LM": sft[:1]}, models, baseline="SFT")  # type: ignore[arg-type]
    with pytest.raises(EvaluationError, match="two texts for item 'i0'"):
        evaluate_systems({"SFT": [*sft, sft[0]]}, models, baseline="SFT")  # type: ignore[arg-type]
    with pytest.raises(EvaluationError, match="'SFT' has no endorsement"):
        evaluate_systems({"SFT": []}, models, baseline="SFT")  # type: ignore[arg-type]
