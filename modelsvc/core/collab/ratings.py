"""Ratings as columns, from arrays or a Parquet artifact."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import ArrayLike, NDArray

from modelsvc.core.collab.errors import RatingsError


@dataclass(frozen=True, eq=False)
class Ratings:
    """Ratings in columns; repeated viewer-item pairs are averaged into one.

    Args:
        viewer_ids: external ids, one per distinct viewer.
        item_ids: external ids, one per distinct item.
        viewer_rows: int32 [R], row into ``viewer_ids``.
        item_rows: int32 [R], row into ``item_ids``.
        values: float32 [R], in rating units.
        merged_pairs: how many rows were merged into an earlier row of the same pair.
    """

    viewer_ids: tuple[str, ...]
    item_ids: tuple[str, ...]
    viewer_rows: NDArray[np.int32]
    item_rows: NDArray[np.int32]
    values: NDArray[np.float32]
    merged_pairs: int = 0

    def __len__(self) -> int:
        return len(self.values)

    def select(self, mask: NDArray[np.bool_]) -> "Ratings":
        """The ratings where ``mask`` [R] is true, with the same id tables."""
        return Ratings(
            self.viewer_ids, self.item_ids, self.viewer_rows[mask], self.item_rows[mask], self.values[mask]
        )


def rows_of_pairs(ratings: Ratings, pairs: Collection[tuple[str, str]]) -> NDArray[np.bool_]:
    """Mask [R], true where the rating is of one of the (viewer id, item id) pairs."""
    viewers = {key: row for row, key in enumerate(ratings.viewer_ids)}
    items = {key: row for row, key in enumerate(ratings.item_ids)}
    keys = [viewers[v] * len(items) + items[i] for v, i in pairs if v in viewers and i in items]
    rows = ratings.viewer_rows.astype(np.int64) * len(items) + ratings.item_rows
    return np.isin(rows, np.array(keys, dtype=np.int64))


def ratings_from_columns(
    viewer_ids: Sequence[object] | pa.ChunkedArray | pa.Array,
    item_ids: Sequence[object] | pa.ChunkedArray | pa.Array,
    values: ArrayLike,
    *,
    source: str = "ratings",
) -> Ratings:
    """Encode three columns of equal length; ids become strings.

    Raises:
        RatingsError: naming ``source`` and the first bad row (counted from 1) or column.
    """
    viewers, viewer_rows = _encode(viewer_ids, "viewer_id", source)
    items, item_rows = _encode(item_ids, "item_id", source)
    try:
        numbers = np.asarray(values, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise RatingsError(f"{source}, field rating: not numeric ({error})") from error
    if not len(viewer_rows) == len(item_rows) == len(numbers):
        raise RatingsError(
            f"{source}: {len(viewer_rows)} viewer ids, {len(item_rows)} item ids, {len(numbers)} ratings"
        )
    if len(numbers) == 0:
        raise RatingsError(f"{source}: holds no rating")
    bad = ~np.isfinite(numbers)
    if bad.any():
        raise RatingsError(f"{source}, row {int(np.argmax(bad)) + 1}, field rating: not a finite number")
    return _merge_repeats(viewers, items, viewer_rows, item_rows, numbers)


def read_ratings_parquet(
    path: Path,
    *,
    viewer_column: str = "viewer_id",
    item_column: str = "item_id",
    rating_column: str = "rating",
) -> Ratings:
    """Read a ratings artifact.

    Raises:
        RatingsError: naming the file and the column or row that does not fit.
    """
    try:
        table = pq.read_table(path, columns=[viewer_column, item_column, rating_column])
    except FileNotFoundError as error:
        raise RatingsError(f"{path}: file is missing") from error
    except (pa.ArrowInvalid, KeyError) as error:
        raise RatingsError(f"{path}: {error}") from error
    for column in (viewer_column, item_column, rating_column):
        if column not in table.column_names:
            raise RatingsError(f"{path}: column {column} is missing")
    return ratings_from_columns(
        table[viewer_column], table[item_column], table[rating_column].to_numpy(), source=str(path)
    )


def _encode(column: Any, name: str, source: str) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    if not isinstance(column, pa.Array | pa.ChunkedArray):
        column = pa.array([str(value) if value is not None else None for value in column])
    if column.null_count:
        row = pc.index(pc.is_null(column), True).as_py() + 1
        raise RatingsError(f"{source}, row {row}, field {name}: empty")
    encoded = column.dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    ids = tuple(str(value) for value in encoded.dictionary.to_pylist())
    return ids, encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32)


def _merge_repeats(
    viewers: tuple[str, ...],
    items: tuple[str, ...],
    viewer_rows: NDArray[np.int32],
    item_rows: NDArray[np.int32],
    values: NDArray[np.float32],
) -> Ratings:
    keys = viewer_rows.astype(np.int64) * len(items) + item_rows
    unique, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    if len(unique) == len(keys):
        return Ratings(viewers, items, viewer_rows, item_rows, values)
    sums = np.bincount(inverse, weights=values)
    means = (sums / np.bincount(inverse)).astype(np.float32)
    return Ratings(
        viewers, items, viewer_rows[first], item_rows[first], means, merged_pairs=len(keys) - len(unique)
    )
