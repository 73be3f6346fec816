"""Which of some viewers have rated which items, streamed from the ratings artifact."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from annotations.models import Catalogue
from annotations.queries.records import ratings_folder

BATCH_ROWS = 262_144


@dataclass(frozen=True, eq=False)
class RatedPairs:
    """Viewer–item pairs by row id. ``keys`` int64 [R]: viewer position × items + item position, sorted."""

    viewers: Mapping[int, int]
    items: Mapping[int, int]
    keys: NDArray[np.int64]

    def has(self, viewer_id: int, item_id: int) -> bool:
        key = self.viewers[viewer_id] * len(self.items) + self.items[item_id]
        place = int(np.searchsorted(self.keys, key))
        return place < len(self.keys) and int(self.keys[place]) == key


def read_rated_pairs(
    catalogue: Catalogue, viewers: Mapping[int, str], items: Mapping[int, str]
) -> RatedPairs:
    """The rated pairs among these viewers and items (external id by row id); none without ratings."""
    viewer_places = {pk: place for place, pk in enumerate(viewers)}
    item_places = {pk: place for place, pk in enumerate(items)}
    if catalogue.ratings_id is None:
        return RatedPairs(viewer_places, item_places, np.zeros(0, dtype=np.int64))
    wanted_viewers = pa.array(list(viewers.values()), pa.string())
    wanted_items = pa.array(list(items.values()), pa.string())
    found = [np.zeros(0, dtype=np.int64)]
    with pq.ParquetFile(ratings_folder(catalogue.pk) / "ratings.parquet") as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=["viewer_id", "item_id"]):
            viewer = pc.index_in(batch.column(0), wanted_viewers)
            item = pc.index_in(batch.column(1), wanted_items)
            both = pc.and_(pc.is_valid(viewer), pc.is_valid(item))
            viewer_place = viewer.filter(both).to_numpy(zero_copy_only=False).astype(np.int64)
            item_place = item.filter(both).to_numpy(zero_copy_only=False).astype(np.int64)
            found.append(viewer_place * len(items) + item_place)
    return RatedPairs(viewer_places, item_places, np.unique(np.concatenate(found)))


def read_rated_ids(catalogue: Catalogue) -> tuple[set[str], set[str]] | None:
    """The external ids of the viewers and items that have a rating; None for a catalogue without ratings."""
    if catalogue.ratings_id is None:
        return None
    viewers: set[str] = set()
    items: set[str] = set()
    with pq.ParquetFile(ratings_folder(catalogue.pk) / "ratings.parquet") as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=["viewer_id", "item_id"]):
            viewers.update(pc.unique(batch.column(0)).to_pylist())
            items.update(pc.unique(batch.column(1)).to_pylist())
    return viewers, items
