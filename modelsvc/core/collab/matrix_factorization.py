"""Matrix factorization by alternating least squares. Source: sec. 2."""

from dataclasses import dataclass

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
from lenskit.als import BiasedMFScorer
from lenskit.data import from_interactions_df
from lenskit.training import TrainingOptions
from numpy.typing import NDArray

from modelsvc.core.collab.bias import fit_bias, rmse
from modelsvc.core.collab.embeddings import Embeddings
from modelsvc.core.collab.ratings import Ratings
from modelsvc.core.collab.split import held_out_mask


@dataclass(frozen=True)
class MatrixFactorizationConfig:
    """How to factorize.

    ``embedding_size`` is D, with the two bias coordinates included. ``reg`` is the L2 strength per
    rating; its default was the best of those tried on the demo's ratings (0.753 against 0.792 for
    the biases alone).
    """

    embedding_size: int = 32
    epochs: int = 10
    reg: float = 0.1
    damping: float = 5.0
    held_out_share: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.embedding_size < 3:
            raise ValueError(f"embedding_size must be at least 3, got {self.embedding_size}")
        if self.epochs < 1 or self.reg <= 0 or self.damping < 0:
            raise ValueError(f"epochs {self.epochs}, reg {self.reg}, damping {self.damping} out of range")


@dataclass(frozen=True, eq=False)
class Factorization:
    """Embeddings fitted on all ratings, and what a fit without the held-out ones reached."""

    embeddings: Embeddings
    metrics: dict[str, float]


def factorize(ratings: Ratings, config: MatrixFactorizationConfig) -> Factorization:
    """Fit once without the held-out ratings to measure, then on all ratings to keep.

    Every rated viewer and item gets a vector. Metrics: ``rmse``, ``rmse_bias`` (the bias-only
    baseline on the same rows), ``n_ratings``, ``n_held_out``, ``n_viewers``, ``n_items``,
    ``merged_pairs``, ``utility_mean``, ``utility_std``. The RMSEs are NaN without held-out rows.
    """
    mask = held_out_mask(ratings, share=config.held_out_share, seed=config.seed)
    metrics: dict[str, float] = {
        "n_ratings": len(ratings),
        "n_held_out": int(mask.sum()),
        "n_viewers": len(ratings.viewer_ids),
        "n_items": len(ratings.item_ids),
        "merged_pairs": ratings.merged_pairs,
        "rmse": float("nan"),
        "rmse_bias": float("nan"),
    }
    if mask.any():
        train, held_out = ratings.select(~mask), ratings.select(mask)
        metrics["rmse"] = rmse(_predict(fit_embeddings(train, config), held_out), held_out.values)
        baseline = fit_bias(train, damping=config.damping)
        metrics["rmse_bias"] = rmse(baseline.predict(held_out), held_out.values)
    embeddings = fit_embeddings(ratings, config)
    metrics["utility_mean"] = embeddings.utility_scale.mean
    metrics["utility_std"] = embeddings.utility_scale.std
    return Factorization(embeddings, metrics)


def fit_embeddings(ratings: Ratings, config: MatrixFactorizationConfig) -> Embeddings:
    """One biased ALS fit written as a pure dot product.

    With ALS factors p, q and biases b, in units of the rating's standard deviation s around μ:
    u = [p/s · c, b_u/s, 1] and i = [q / c, 1, b_i/s], so i·u = (p·q + b_u + b_i)/s, where c
    balances the two factor scales and leaves i·u unchanged.
    """
    frame = pd.DataFrame(
        {"user_id": ratings.viewer_rows, "item_id": ratings.item_rows, "rating": ratings.values}
    )
    scorer = BiasedMFScorer(
        embedding_size=config.embedding_size - 2,
        epochs=config.epochs,
        regularization=config.reg,
        damping=config.damping,
    )
    scorer.train(from_interactions_df(frame), TrainingOptions(rng=config.seed))
    assert scorer.users is not None
    assert scorer.user_embeddings is not None
    viewer_rows = np.asarray(scorer.users.ids(), dtype=np.int64)
    item_rows = np.asarray(scorer.items.ids(), dtype=np.int64)
    scale = float(np.std(ratings.values, dtype=np.float64)) or 1.0
    p = np.asarray(scorer.user_embeddings, dtype=np.float64) / scale
    q = np.asarray(scorer.item_embeddings, dtype=np.float64)
    balance = np.sqrt(_rms(q) / _rms(p)) if _rms(p) > 0 and _rms(q) > 0 else 1.0
    viewer_bias = _bias(scorer.bias.user_biases, len(viewer_rows)) / scale
    item_bias = _bias(scorer.bias.item_biases, len(item_rows)) / scale
    ones = np.ones((1, 1))
    viewers = np.hstack([p * balance, viewer_bias[:, None], np.repeat(ones, len(p), 0)])
    items = np.hstack([q / balance, np.repeat(ones, len(q), 0), item_bias[:, None]])
    return Embeddings(
        viewer_ids=tuple(ratings.viewer_ids[row] for row in viewer_rows),
        item_ids=tuple(ratings.item_ids[row] for row in item_rows),
        viewer_matrix=np.ascontiguousarray(viewers, dtype=np.float32),
        item_matrix=np.ascontiguousarray(items, dtype=np.float32),
        rating_mean=float(scorer.bias.global_bias),
        rating_scale=scale,
    )


def _predict(embeddings: Embeddings, ratings: Ratings) -> NDArray[np.float64]:
    viewer_row = {key: row for row, key in enumerate(embeddings.viewer_ids)}
    item_row = {key: row for row, key in enumerate(embeddings.item_ids)}
    viewer_of = np.array([viewer_row.get(key, -1) for key in ratings.viewer_ids])
    item_of = np.array([item_row.get(key, -1) for key in ratings.item_ids])
    viewers = embeddings.viewer_matrix[viewer_of[ratings.viewer_rows]]
    items = embeddings.item_matrix[item_of[ratings.item_rows]]
    utility = np.einsum("rd,rd->r", viewers, items, dtype=np.float64)
    return np.asarray(embeddings.rating_mean + embeddings.rating_scale * utility)


def _bias(biases: NDArray[np.float32] | None, count: int) -> NDArray[np.float64]:
    return np.zeros(count) if biases is None else np.asarray(biases, dtype=np.float64)


def _rms(matrix: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(matrix**2)))
