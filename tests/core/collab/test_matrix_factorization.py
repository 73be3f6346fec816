"""Factorization: a pure dot product that recovers known utilities."""

import numpy as np
import pandas as pd
import pytest
from lenskit.als import BiasedMFScorer
from lenskit.data import ItemList, from_interactions_df
from lenskit.training import TrainingOptions
from numpy.typing import NDArray

from modelsvc.core.collab import Ratings, ratings_from_columns
from modelsvc.core.collab.matrix_factorization import (
    MatrixFactorizationConfig,
    factorize,
    fit_embeddings,
)


@pytest.fixture(scope="module")
def world() -> tuple[Ratings, NDArray[np.float64]]:
    """150 viewers, 90 items, a rank-4 utility and noise of half its size; 60 % rated."""
    rng = np.random.default_rng(5)
    truth = 3.5 + rng.normal(size=(150, 4)) @ rng.normal(size=(4, 90)) / 2 + rng.normal(0, 0.5, (1, 90))
    rated = rng.random(truth.shape) < 0.6
    viewers, items = np.nonzero(rated)
    values = truth[rated] + rng.normal(0, 0.5, rated.sum())
    return ratings_from_columns(viewers, items, values), truth


def test_utility_is_lenskits_score_as_a_pure_dot_product(world: tuple[Ratings, NDArray[np.float64]]) -> None:
    ratings, _ = world
    config = MatrixFactorizationConfig(embedding_size=8, epochs=3, seed=4)
    embeddings = fit_embeddings(ratings, config)
    encoded = pd.DataFrame(
        {"user_id": ratings.viewer_rows, "item_id": ratings.item_rows, "rating": ratings.values}
    )
    scorer = BiasedMFScorer(embedding_size=6, epochs=3, regularization=config.reg, damping=config.damping)
    scorer.train(from_interactions_df(encoded), TrainingOptions(rng=4))
    rows = np.arange(10)
    scores = scorer(2, ItemList(item_ids=rows)).scores()
    ours = [embeddings.predicted_rating(ratings.viewer_ids[2], ratings.item_ids[row]) for row in rows]
    np.testing.assert_allclose(ours, scores, atol=1e-4)


def test_recovers_known_utilities_and_beats_the_bias_baseline(
    world: tuple[Ratings, NDArray[np.float64]],
) -> None:
    ratings, truth = world
    result = factorize(ratings, MatrixFactorizationConfig(embedding_size=8, seed=1))
    assert result.metrics["rmse"] < 0.75 * result.metrics["rmse_bias"]
    e = result.embeddings
    order_u, order_i = [int(k) for k in e.viewer_ids], [int(k) for k in e.item_ids]
    every = e.viewer_matrix @ e.item_matrix.T
    assert np.corrcoef(every.ravel(), truth[np.ix_(order_u, order_i)].ravel())[0, 1] > 0.95


def test_seed_decides_the_result(world: tuple[Ratings, NDArray[np.float64]]) -> None:
    config = MatrixFactorizationConfig(embedding_size=6, epochs=2, seed=9)
    first, second = fit_embeddings(world[0], config), fit_embeddings(world[0], config)
    np.testing.assert_array_equal(first.item_matrix, second.item_matrix)


def test_every_rated_viewer_and_item_has_a_vector() -> None:
    ratings = ratings_from_columns(["1", "2", "3"], ["a", "b", "c"], [1.0, 5.0, 3.0])
    result = factorize(ratings, MatrixFactorizationConfig(embedding_size=4, held_out_share=0.5))
    assert set(result.embeddings.viewer_ids) == {"1", "2", "3"}
    assert set(result.embeddings.item_ids) == {"a", "b", "c"}
    assert np.isnan(result.metrics["rmse"])
    assert result.metrics["n_held_out"] == 0
