"""Ratings as columns, their repeats, their errors, and the split."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modelsvc.core.collab import RatingsError, ratings_from_columns, read_ratings_parquet
from modelsvc.core.collab.bias import fit_bias, rmse
from modelsvc.core.collab.split import held_out_mask


def test_repeated_pairs_are_averaged_and_counted() -> None:
    ratings = ratings_from_columns([1, 1, 2, 1], ["a", "b", "a", "a"], [2.0, 3.0, 4.0, 5.0])
    assert ratings.merged_pairs == 1
    assert len(ratings) == 3
    by_pair = {
        (ratings.viewer_ids[u], ratings.item_ids[i]): value
        for u, i, value in zip(ratings.viewer_rows, ratings.item_rows, ratings.values, strict=True)
    }
    assert by_pair == {("1", "a"): 3.5, ("1", "b"): 3.0, ("2", "a"): 4.0}


def test_bad_values_name_their_row_and_field() -> None:
    with pytest.raises(RatingsError, match="row 2, field rating"):
        ratings_from_columns(["1", "2"], ["a", "b"], [1.0, float("nan")])
    with pytest.raises(RatingsError, match="row 1, field item_id"):
        ratings_from_columns(["1"], [None], [1.0])
    with pytest.raises(RatingsError, match="no rating"):
        ratings_from_columns([], [], [])


def test_parquet_is_read_and_a_missing_column_named(tmp_path: Path) -> None:
    path = tmp_path / "ratings.parquet"
    pq.write_table(pa.table({"viewer_id": ["3", "4"], "item_id": [10, 20], "rating": [4.0, 2.5]}), path)
    ratings = read_ratings_parquet(path)
    assert ratings.viewer_ids == ("3", "4")
    assert ratings.item_ids == ("10", "20")
    with pytest.raises(RatingsError, match="score"):
        read_ratings_parquet(path, rating_column="score")
    with pytest.raises(RatingsError, match=r"missing\.parquet"):
        read_ratings_parquet(tmp_path / "missing.parquet")


def test_split_is_seeded_and_leaves_every_viewer_and_item_in_training() -> None:
    rng = np.random.default_rng(0)
    ratings = ratings_from_columns(rng.integers(0, 40, 300), rng.integers(0, 80, 300), rng.random(300))
    mask = held_out_mask(ratings, share=0.5, seed=1)
    np.testing.assert_array_equal(mask, held_out_mask(ratings, share=0.5, seed=1))
    assert (mask != held_out_mask(ratings, share=0.5, seed=2)).any()
    assert 0.3 < mask.mean() < 0.5
    assert set(ratings.viewer_rows[~mask]) == set(range(len(ratings.viewer_ids)))
    assert set(ratings.item_rows[~mask]) == set(range(len(ratings.item_ids)))


def test_bias_baseline_against_hand_computed_numbers() -> None:
    # Ratings 5 and 3 of item a, 1 of item b; mean 3; damping 1.
    ratings = ratings_from_columns(["u", "v", "u"], ["a", "a", "b"], [5.0, 3.0, 1.0])
    bias = fit_bias(ratings, damping=1.0)
    # b_a = (2 + 0)/3, b_b = -2/2; b_u = ((2 - 2/3) + (-2 + 1))/3, b_v = (0 - 2/3)/2.
    expected = [3 + 2 / 3 + 1 / 9, 3 + 2 / 3 - 1 / 3, 3 - 1 + 1 / 9]
    np.testing.assert_allclose(bias.predict(ratings), expected)
    assert rmse(np.array([1.0, 2.0]), np.array([1.0, 4.0], np.float32)) == pytest.approx(2**0.5)
