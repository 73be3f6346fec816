"""The four reward models together: scores, the joint reward, and their folder."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from modelsvc.core.endorser.context import Context
from modelsvc.core.rewards.joint import (
    PAIRWISE_REWARDS,
    JointRewardConfig,
    linear_reward,
    log_sigmoid_reward,
    penalize_unfinished,
)
from modelsvc.core.rewards.prec import PrecisionModel
from modelsvc.core.rewards.scorer import RewardScorer

RewardFunction = Callable[[Sequence[Context], Sequence[str], Sequence[bool]], Mapping[str, Tensor]]
"""(contexts, texts, truncated) [B] → "joint" and its components, float32 [B] each."""


class MissingReferenceError(KeyError):
    """No reference text for an item and viewer; the message names both."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, eq=False)
class RewardModels:
    """Prec, App, Pcov and Ppr. Source: sec. 4.1.

    ``metrics`` holds what each training measured, by reward name.
    """

    prec: PrecisionModel
    app: RewardScorer
    pcov: RewardScorer
    ppr: RewardScorer
    metrics: dict[str, dict[str, object]] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write the folder that ``load`` reads: safetensors and JSON."""
        from modelsvc.core.rewards.storage import save_reward_models

        save_reward_models(self, folder)

    @classmethod
    def load(cls, folder: Path) -> "RewardModels":
        """Read a saved folder. Raises RewardModelsFileError, naming the file."""
        from modelsvc.core.rewards.storage import load_reward_models

        return load_reward_models(folder)

    def scorers(self) -> dict[str, RewardScorer]:
        """App, Pcov and Ppr by name."""
        return {"app": self.app, "pcov": self.pcov, "ppr": self.ppr}

    def temperatures(self) -> dict[str, float]:
        """τ of each pairwise reward, fitted on held-out pairs."""
        return {name: float(scorer.temperature) for name, scorer in self.scorers().items()}

    def score(self, contexts: Sequence[Context], texts: Sequence[str]) -> dict[str, Tensor]:
        """Raw scores, float32 [B] each: prec (probability), prec_logit, app, pcov, ppr.

        Each distinct text of an item and viewer is scored once, so that equal texts tie exactly.
        """
        if len(contexts) != len(texts):
            raise ValueError(f"{len(contexts)} contexts for {len(texts)} texts")
        keys = [(c.item_id, c.viewer_id, text) for c, text in zip(contexts, texts, strict=True)]
        first = {key: row for row, key in reversed(list(enumerate(keys)))}
        rows = sorted(first.values())
        place = {keys[row]: position for position, row in enumerate(rows)}
        back = [place[key] for key in keys]
        some_contexts, some_texts = [contexts[row] for row in rows], [texts[row] for row in rows]
        probability, logit = self.prec.score(some_contexts, some_texts)
        scores = {"prec": probability[back], "prec_logit": logit[back]}
        for name, scorer in self.scorers().items():
            scores[name] = scorer.score(some_contexts, some_texts).cpu()[back]
        return scores

    def reward_function(
        self,
        reference_texts: Mapping[tuple[str, str], str],
        config: JointRewardConfig | None = None,
    ) -> RewardFunction:
        """The joint reward of eq. 1 or eq. 2 as the RL loop calls it.

        Args:
            reference_texts: Y_ref by (item id, viewer id): the label in the data or the reference
                policy's sample. Eq. 1 needs none.
            config: form, weights and penalty; eq. 2 with unit weights when absent.

        Returns:
            A function whose mapping holds "joint", the raw scores, and for eq. 2 the terms
            "log_prec", "log_app", "log_pcov", "log_ppr". Raises MissingReferenceError.
        """
        return _JointReward(self, dict(reference_texts), config or JointRewardConfig())


class _JointReward:
    def __init__(
        self, models: RewardModels, references: dict[tuple[str, str], str], config: JointRewardConfig
    ) -> None:
        self.models, self.references, self.config = models, references, config
        self._reference_scores: dict[tuple[str, str], dict[str, float]] = {}

    def __call__(
        self, contexts: Sequence[Context], texts: Sequence[str], truncated: Sequence[bool]
    ) -> dict[str, Tensor]:
        scores = self.models.score(contexts, texts)
        weights = self.config.weights()
        result = dict(scores)
        if self.config.form == "linear":
            joint = linear_reward(scores, weights)
        else:
            differences = self._differences(contexts, scores)
            joint, terms = log_sigmoid_reward(
                scores["prec_logit"],
                differences,
                temperatures=self.models.temperatures(),
                weights=weights,
            )
            result |= {f"log_{name}": term for name, term in terms.items()}
        unfinished = [cut or not text.strip() for cut, text in zip(truncated, texts, strict=True)]
        result["joint"] = penalize_unfinished(joint, unfinished, self.config.truncation_penalty)
        return result

    def _differences(self, contexts: Sequence[Context], scores: Mapping[str, Tensor]) -> dict[str, Tensor]:
        keys = [(context.item_id, context.viewer_id) for context in contexts]
        missing = {key: c for key, c in zip(keys, contexts, strict=True) if key not in self._reference_scores}
        for item_id, viewer_id in missing:
            if (item_id, viewer_id) not in self.references:
                raise MissingReferenceError(f"no reference text for item {item_id!r}, viewer {viewer_id!r}")
        if missing:
            found = self.models.score(list(missing.values()), [self.references[key] for key in missing])
            for row, key in enumerate(missing):
                self._reference_scores[key] = {name: float(found[name][row]) for name in PAIRWISE_REWARDS}
        return {
            name: scores[name] - scores[name].new_tensor([self._reference_scores[key][name] for key in keys])
            for name in PAIRWISE_REWARDS
        }
