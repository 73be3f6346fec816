"""Embeddings: dot products, unknown ids, catalogue scale, files."""

import json
from pathlib import Path

import numpy as np
import pytest

from modelsvc.core.collab import Embeddings, EmbeddingsFileError, UnknownIdError


@pytest.fixture
def embeddings() -> Embeddings:
    rng = np.random.default_rng(3)
    return Embeddings(
        viewer_ids=("7", "8", "9"),
        item_ids=("b1", "b2"),
        viewer_matrix=rng.normal(size=(3, 4)).astype(np.float32),
        item_matrix=rng.normal(size=(2, 4)).astype(np.float32),
        rating_mean=3.5,
        rating_scale=0.9,
    )


def test_utility_is_the_dot_product_and_predicts_a_rating() -> None:
    embeddings = Embeddings(
        ("u",),
        ("i",),
        np.array([[1, 2, 3]], np.float32),
        np.array([[4, 5, -1]], np.float32),
        rating_mean=3.0,
        rating_scale=0.1,
    )
    assert embeddings.utility("u", "i") == 11.0
    assert embeddings.predicted_rating("u", "i") == pytest.approx(4.1)


def test_unknown_ids_are_errors_with_the_id(embeddings: Embeddings) -> None:
    with pytest.raises(UnknownIdError, match="viewer id '10'"):
        embeddings.viewer("10")
    with pytest.raises(UnknownIdError, match="item id '7'"):
        embeddings.utility("7", "7")


def test_catalogue_scale_equals_the_scale_of_all_pairs(embeddings: Embeddings) -> None:
    every = embeddings.viewer_matrix @ embeddings.item_matrix.T
    assert embeddings.utility_scale.mean == pytest.approx(every.mean(), abs=1e-6)
    assert embeddings.utility_scale.std == pytest.approx(every.std(), abs=1e-6)


def test_ranked_items_are_best_first(embeddings: Embeddings) -> None:
    first, second = embeddings.ranked_items("8", 2)
    assert embeddings.utility("8", first) > embeddings.utility("8", second)


def test_round_trip(embeddings: Embeddings, tmp_path: Path) -> None:
    embeddings.save(tmp_path / "e")
    loaded = Embeddings.load(tmp_path / "e")
    assert loaded.viewer_ids == embeddings.viewer_ids
    assert loaded.item_ids == embeddings.item_ids
    np.testing.assert_array_equal(loaded.viewer_matrix, embeddings.viewer_matrix)
    np.testing.assert_array_equal(loaded.item_matrix, embeddings.item_matrix)
    assert (loaded.rating_mean, loaded.rating_scale) == (3.5, 0.9)


@pytest.mark.parametrize("name", ["viewers.npy", "items.npy", "viewer_ids.json", "embeddings.json"])
def test_a_missing_or_broken_file_is_named(embeddings: Embeddings, tmp_path: Path, name: str) -> None:
    embeddings.save(tmp_path)
    (tmp_path / name).write_bytes(b"{broken")
    with pytest.raises(EmbeddingsFileError, match=name):
        Embeddings.load(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(EmbeddingsFileError, match=name):
        Embeddings.load(tmp_path)


def test_ids_that_do_not_fit_the_matrix_are_refused(embeddings: Embeddings, tmp_path: Path) -> None:
    embeddings.save(tmp_path)
    (tmp_path / "item_ids.json").write_text(json.dumps(["b1"]))
    with pytest.raises(EmbeddingsFileError, match="1 item ids for 2 rows"):
        Embeddings.load(tmp_path)


def test_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="item_matrix"):
        Embeddings(("u",), ("i",), np.ones((1, 2), np.float32), np.full((1, 2), np.nan, np.float32), 3.0, 1.0)
