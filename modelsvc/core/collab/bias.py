"""The bias-only baseline that every factorization has to beat."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelsvc.core.collab.ratings import Ratings


@dataclass(frozen=True, eq=False)
class BiasModel:
    """r̂(u, i) = μ + b_i + b_u, with damped means.

    b_i = Σ(r − μ) / (n_i + damping), b_u = Σ(r − μ − b_i) / (n_u + damping).
    Source: Koren et al. (2009), with the damping of lenskit's bias model.
    """

    global_mean: float
    viewer_bias: NDArray[np.float64]
    item_bias: NDArray[np.float64]

    def predict(self, ratings: Ratings) -> NDArray[np.float64]:
        """Predicted ratings [R], in rating units."""
        biases = self.viewer_bias[ratings.viewer_rows] + self.item_bias[ratings.item_rows]
        return np.asarray(self.global_mean + biases)


def fit_bias(ratings: Ratings, *, damping: float) -> BiasModel:
    """Damped means of ``ratings``; unseen viewers and items get a bias of 0."""
    mean = float(np.mean(ratings.values, dtype=np.float64))
    residual = ratings.values.astype(np.float64) - mean
    item_bias = _damped_means(residual, ratings.item_rows, len(ratings.item_ids), damping)
    residual = residual - item_bias[ratings.item_rows]
    viewer_bias = _damped_means(residual, ratings.viewer_rows, len(ratings.viewer_ids), damping)
    return BiasModel(mean, viewer_bias, item_bias)


def rmse(predicted: NDArray[np.float64], actual: NDArray[np.float32]) -> float:
    """Root mean squared error, in rating units; NaN when there is nothing to compare."""
    if len(actual) == 0:
        return float("nan")
    return float(np.sqrt(np.mean((predicted - actual.astype(np.float64)) ** 2)))


def _damped_means(
    residual: NDArray[np.float64], rows: NDArray[np.int32], count: int, damping: float
) -> NDArray[np.float64]:
    sums = np.bincount(rows, weights=residual, minlength=count)
    totals = np.bincount(rows, minlength=count) + damping
    return np.asarray(np.divide(sums, totals, out=np.zeros(count), where=totals > 0))
