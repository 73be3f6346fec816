"""Does the endorser use the viewer? Likelihood of the right text under right, shuffled and zeroed vectors.

Source: sec. 3 warns that Phi "degenerates to a non-contextual LM that ignores user embedding input".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats

from modelsvc.core.endorser.batching import answer_tensors, sorted_batches
from modelsvc.core.endorser.context import Context
from modelsvc.core.endorser.model import Endorser
from modelsvc.core.endorser.precision import Precision, autocast
from modelsvc.core.endorser.tasks import Endorsed, EndorsementTask

LEAST_GAP = 0.01
"""Nats per token under which a gap is of no use, however surely it is there."""


@dataclass(frozen=True)
class MeanInterval:
    """A mean with its 95 % interval over viewers, and the number of pairs behind it; nats per token."""

    mean: float
    interval: tuple[float, float]
    pairs: int

    def as_dict(self) -> dict[str, object]:
        """For reports: mean, interval, pairs."""
        return {"mean": self.mean, "interval": list(self.interval), "pairs": self.pairs}


@dataclass(frozen=True)
class ViewerUse:
    """How much likelier the right text is with the right viewer's vector; positive if the viewer is used."""

    nll_true: float
    shuffled_minus_true: MeanInterval
    zeroed_minus_true: MeanInterval

    @property
    def uses_viewer(self) -> bool:
        """The gate before RL: both gaps at least LEAST_GAP, with intervals clear of 0."""
        gaps = (self.shuffled_minus_true, self.zeroed_minus_true)
        return all(gap.mean >= LEAST_GAP and gap.interval[0] > 0 for gap in gaps)


@torch.no_grad()
def text_nll(
    endorser: Endorser, pairs: Sequence[Endorsed], *, batch_size: int = 16, precision: Precision = "auto"
) -> NDArray[np.float64]:
    """Mean negative log-likelihood of each text given its context: nats per token, [N]."""
    was_training = endorser.training
    endorser.eval()
    examples = EndorsementTask(endorser.prompts, pairs).examples(0)
    nll = np.zeros(len(pairs))
    for batch in sorted_batches([example.length for example in examples], batch_size):
        chosen = [examples[index] for index in batch]
        token_ids, mask = answer_tensors([example.answer for example in chosen])
        with autocast(precision, endorser.device):
            log_probs = endorser.score([example.prompt for example in chosen], token_ids, mask).log_probs
        nll[batch] = (-log_probs.sum(dim=1) / mask.sum(dim=1).to(log_probs.device)).double().cpu().numpy()
    endorser.train(was_training)
    return nll


def other_viewers(viewer_ids: Sequence[str], *, seed: int) -> list[int]:
    """For each pair the index of a pair of another viewer, in random order.

    Raises:
        ValueError: if there is only one viewer.
    """
    if len(set(viewer_ids)) < 2:
        raise ValueError("shuffling viewers needs at least two of them")
    random = np.random.default_rng(seed)
    partners = []
    for own in viewer_ids:
        candidates = [index for index, other in enumerate(viewer_ids) if other != own]
        partners.append(candidates[int(random.integers(len(candidates)))])
    return partners


def clustered_mean(values: NDArray[np.float64], clusters: Sequence[str]) -> MeanInterval:
    """Mean of values [N] with a 95 % t interval whose variance respects clusters.

    Var = G / (G - 1) sum_g (sum_{k in g} (x_k - mean))^2 / N^2, t with G - 1 degrees of freedom; with one
    value per cluster this is the ordinary interval.
    """
    names = sorted(set(clusters))
    mean = float(values.mean())
    if len(names) < 2:
        return MeanInterval(mean, (float("-inf"), float("inf")), len(values))
    place = {name: index for index, name in enumerate(names)}
    sums = np.zeros(len(names))
    np.add.at(sums, [place[name] for name in clusters], values - mean)
    count = len(names)
    error = float(np.sqrt(count / (count - 1) * np.square(sums).sum()) / len(values))
    reach = float(stats.t.ppf(0.975, count - 1)) * error
    return MeanInterval(mean, (mean - reach, mean + reach), len(values))


def measure_viewer_use(
    endorser: Endorser,
    pairs: Sequence[Endorsed],
    *,
    seed: int = 0,
    partners: Sequence[int] | None = None,
    batch_size: int = 16,
    precision: Precision = "auto",
) -> ViewerUse:
    """Compare the right text's likelihood under the right, another viewer's and a zero vector.

    Args:
        pairs: held out; texts written for their viewers.
        partners: for each pair the index of the pair that lends its viewer vector (for example viewers of
            similar activity); drawn from the other viewers if None.

    Raises:
        ValueError: for an endorser without embeddings, or partners of the same viewer.
    """
    if not endorser.config.use_embeddings:
        raise ValueError("this endorser reads no viewer vector")
    viewers = [pair.context.viewer_id for pair in pairs]
    lent = other_viewers(viewers, seed=seed) if partners is None else list(partners)
    if any(viewers[index] == viewers[other] for index, other in enumerate(lent)):
        raise ValueError("a pair was given its own viewer's vector as another's")
    true = text_nll(endorser, pairs, batch_size=batch_size, precision=precision)
    shuffled = text_nll(
        endorser,
        [
            _with_vector(pair, pairs[other].context.viewer_vector)
            for pair, other in zip(pairs, lent, strict=True)
        ],
        batch_size=batch_size,
        precision=precision,
    )
    zeroed = text_nll(
        endorser,
        [_with_vector(pair, np.zeros_like(pair.context.viewer_vector)) for pair in pairs],
        batch_size=batch_size,
        precision=precision,
    )
    return ViewerUse(
        float(true.mean()),
        clustered_mean(shuffled - true, viewers),
        clustered_mean(zeroed - true, viewers),
    )


def _with_vector(pair: Endorsed, vector: NDArray[np.float32]) -> Endorsed:
    context: Context = replace(pair.context, viewer_vector=vector)
    return Endorsed(context, pair.text)
