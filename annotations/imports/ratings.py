"""Ratings on their way from text rows to a Parquet file, in memory that does not grow with their number.

Rows go to bucket files by viewer; then each bucket, which is small, is freed of repeated viewer–item
pairs and appended to the Parquet file, grouped by viewer in order of first appearance.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from annotations.imports.faults import Faults
from annotations.imports.layouts.layout import RatingText

FILE = "ratings.parquet"
SCHEMA = pa.schema(
    [
        ("viewer_id", pa.string()),
        ("item_id", pa.string()),
        ("rating", pa.float32()),
        ("timestamp", pa.int64()),
    ]
)
ROW = np.dtype([("viewer", "<u4"), ("item", "<u4"), ("rating", "<f4"), ("timestamp", "<i8")])
NO_TIMESTAMP = np.iinfo(np.int64).min
VIEWERS_PER_BUCKET = 2048
BUFFERED_ROWS = 65_536
ROWS_PER_GROUP = 262_144
BINS = 20
ID_LENGTH = 120


@dataclass(frozen=True)
class RatingSummary:
    """What was kept. ``histogram`` counts each value, or equal bins where there are many values."""

    rows: int
    repeated: int
    viewers: int
    items: int
    mean: float | None
    low: float | None
    high: float | None
    histogram: list[dict[str, float]]

    def as_json(self) -> dict[str, Any]:
        return dict(self.__dict__)


class RatingSpool:
    """Bucket files of checked ratings; viewers and items are numbered, their ids kept once each."""

    def __init__(self, folder: Path, item_numbers: dict[str, int]) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        for stale in folder.glob("bucket-*"):
            stale.unlink()
        self.item_numbers = item_numbers
        self.viewer_numbers: dict[str, int] = {}
        self.rows = 0
        self._buffer: list[tuple[int, int, float, int]] = []

    def add(self, viewer: str, item_number: int, rating: float, timestamp: int) -> None:
        number = self.viewer_numbers.setdefault(viewer, len(self.viewer_numbers))
        self._buffer.append((number, item_number, rating, timestamp))
        self.rows += 1
        if len(self._buffer) >= BUFFERED_ROWS:
            self._flush()

    def _flush(self) -> None:
        if not self._buffer:
            return
        rows = np.array(self._buffer, dtype=ROW)
        self._buffer.clear()
        buckets = rows["viewer"] // VIEWERS_PER_BUCKET
        for bucket in np.unique(buckets):
            with (self.folder / f"bucket-{bucket}").open("ab") as handle:
                handle.write(rows[buckets == bucket].tobytes())

    def buckets(self) -> Iterator[NDArray[Any]]:
        """Each bucket's rows, one per viewer–item pair: of repeated pairs the latest rating stands."""
        self._flush()
        for bucket in range(math.ceil(len(self.viewer_numbers) / VIEWERS_PER_BUCKET)):
            yield latest_of_each_pair(np.fromfile(self.folder / f"bucket-{bucket}", dtype=ROW))


def latest_of_each_pair(rows: NDArray[Any]) -> NDArray[Any]:
    """Keep one row per viewer–item pair, the latest by time and then by place; viewers in order."""
    place = np.arange(len(rows))
    pair = (rows["viewer"].astype(np.uint64) << np.uint64(32)) | rows["item"].astype(np.uint64)
    order = np.lexsort((place, rows["timestamp"], pair))
    is_last = np.append(pair[order][1:] != pair[order][:-1], True)
    kept = np.sort(order[is_last])
    return rows[kept][np.argsort(rows["viewer"][kept], kind="stable")]


def spool_ratings(
    ratings: Iterable[RatingText],
    spool: RatingSpool,
    faults: Faults,
    *,
    scale: tuple[float, float] | None,
    on_row_count: Callable[[int], None],
) -> None:
    """Check each rating and put it in the spool, or in ``faults``."""
    low, high = scale or (-math.inf, math.inf)
    numbers = spool.item_numbers
    for file, row, viewer, item, rating_text, timestamp_text in ratings:
        item_number = numbers.get(item)
        if item_number is None:
            item_number = numbers.get(item.strip())
            if item_number is None:
                faults.add(file, row, "item", "names no item of this catalogue", item)
                continue
        viewer = viewer.strip()
        if not viewer or len(viewer) > ID_LENGTH:
            faults.add(file, row, "viewer", f"is empty or longer than {ID_LENGTH} characters", viewer)
            continue
        try:
            rating = float(rating_text)
        except ValueError:
            faults.add(file, row, "rating", "is not a number", rating_text)
            continue
        if not math.isfinite(rating) or abs(rating) > 1e30:
            faults.add(file, row, "rating", "is not a finite number", rating_text)
            continue
        if not low <= rating <= high:
            faults.add(file, row, "rating", f"is outside {low:g} to {high:g}", rating_text)
            continue
        timestamp = _timestamp(timestamp_text)
        if timestamp is None:
            faults.add(file, row, "timestamp", "is neither Unix seconds nor an ISO 8601 time", timestamp_text)
            continue
        spool.add(viewer, item_number, rating, timestamp)
        if spool.rows % 1_000_000 == 0:
            on_row_count(spool.rows)


def _timestamp(text: str) -> int | None:
    """Unix seconds; ``NO_TIMESTAMP`` for an empty field, None for an unreadable one."""
    if text.isascii() and text.isdigit() and len(text) < 18:
        return int(text)
    text = text.strip()
    if not text:
        return NO_TIMESTAMP
    try:
        return int(text) if abs(int(text)) < 10**17 else None
    except ValueError:
        pass
    try:
        number = float(text)
        return int(number) if abs(number) < 1e17 else None
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def write_ratings(spool: RatingSpool, folder: Path, *, check: Callable[[], None]) -> RatingSummary:
    """Write ``ratings.parquet`` from the spool and say what is in it."""
    folder.mkdir(parents=True, exist_ok=True)
    items = pa.array(list(spool.item_numbers), pa.string())
    rated = np.zeros(len(items), dtype=bool)
    rows_written, total = 0, 0.0
    low, high = math.inf, -math.inf
    pending: list[pa.Table] = []
    with pq.ParquetWriter(folder / FILE, SCHEMA, compression="zstd") as writer:
        viewer_ids = list(spool.viewer_numbers)
        for number, rows in enumerate(spool.buckets()):
            check()
            first = number * VIEWERS_PER_BUCKET
            viewers = pa.array(viewer_ids[first : first + VIEWERS_PER_BUCKET], pa.string())
            pending.append(_table(rows, viewers, first, items))
            rated[rows["item"]] = True
            rows_written += len(rows)
            total += float(rows["rating"].sum(dtype=np.float64))
            low, high = min(low, float(rows["rating"].min())), max(high, float(rows["rating"].max()))
            if sum(table.num_rows for table in pending) >= ROWS_PER_GROUP:
                writer.write_table(pa.concat_tables(pending), row_group_size=ROWS_PER_GROUP)
                pending.clear()
        if pending:
            writer.write_table(pa.concat_tables(pending), row_group_size=ROWS_PER_GROUP)
    return RatingSummary(
        rows=rows_written,
        repeated=spool.rows - rows_written,
        viewers=len(spool.viewer_numbers),
        items=int(rated.sum()),
        mean=total / rows_written if rows_written else None,
        low=low if rows_written else None,
        high=high if rows_written else None,
        histogram=rating_histogram(folder / FILE),
    )


def _table(rows: NDArray[Any], viewers: pa.Array, first_viewer: int, items: pa.Array) -> pa.Table:
    timestamps = rows["timestamp"]
    return pa.table(
        [
            viewers.take(pa.array(rows["viewer"] - np.uint32(first_viewer))),
            items.take(pa.array(rows["item"])),
            pa.array(rows["rating"]),
            pa.array(timestamps, mask=timestamps == NO_TIMESTAMP),
        ],
        schema=SCHEMA,
    )


def rating_histogram(path: Path) -> list[dict[str, float]]:
    """How many ratings have each value, or are in each of ``BINS`` equal bins if there are more values."""
    counts: dict[float, int] = {}
    distinct = True
    for values in _rating_batches(path):
        for value, count in zip(*np.unique(values, return_counts=True), strict=True):
            counts[float(value)] = counts.get(float(value), 0) + int(count)
        if len(counts) > BINS:
            distinct = False
            break
    if distinct:
        return [{"from": value, "to": value, "count": counts[value]} for value in sorted(counts)]
    ends = [(float(values.min()), float(values.max())) for values in _rating_batches(path) if len(values)]
    edges = np.linspace(min(low for low, _ in ends), max(high for _, high in ends), BINS + 1)
    binned = np.zeros(BINS, dtype=np.int64)
    for values in _rating_batches(path):
        binned += np.histogram(values, edges)[0]
    return [
        {"from": float(edges[i]), "to": float(edges[i + 1]), "count": int(binned[i])} for i in range(BINS)
    ]


def _rating_batches(path: Path) -> Iterator[NDArray[np.float64]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=["rating"], batch_size=ROWS_PER_GROUP):
            yield batch.column(0).to_numpy().astype(np.float64)
