"""The spool: constant memory, no repeated pair, ratings grouped by viewer."""

import tracemalloc
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow.parquet as pq

from annotations.imports import ratings as module
from annotations.imports.faults import Faults
from annotations.imports.layouts.layout import RatingText
from annotations.imports.ratings import RatingSpool, rating_histogram, spool_ratings, write_ratings


def many(rows: int, *, viewers: int, items: int) -> Iterator[RatingText]:
    for i in range(rows):
        yield RatingText("r.csv", i, str(i * 7919 % viewers), str(i % items), str(1 + i % 5), str(i))


def spooled(tmp_path, rows, *, viewers=500, items=97):
    spool = RatingSpool(tmp_path / "spool", {str(i): i for i in range(items)})
    spool_ratings(
        many(rows, viewers=viewers, items=items), spool, Faults(), scale=None, on_row_count=lambda n: None
    )
    return spool, write_ratings(spool, tmp_path / "out", check=lambda: None)


def test_the_result_does_not_depend_on_bucket_and_buffer_sizes(tmp_path, monkeypatch):
    _, whole = spooled(tmp_path / "whole", 3000)
    monkeypatch.setattr(module, "VIEWERS_PER_BUCKET", 7)
    monkeypatch.setattr(module, "BUFFERED_ROWS", 11)
    monkeypatch.setattr(module, "ROWS_PER_GROUP", 50)
    _, pieces = spooled(tmp_path / "pieces", 3000)
    assert whole == pieces
    read = [pq.read_table(tmp_path / name / "out" / module.FILE).to_pylist() for name in ("whole", "pieces")]
    assert read[0] == read[1]


def test_against_a_plain_dictionary(tmp_path):
    _, summary = spooled(tmp_path, 60_000, viewers=100, items=50)
    latest = {(r.viewer, r.item): float(r.rating) for r in many(60_000, viewers=100, items=50)}
    table = pq.read_table(tmp_path / "out" / module.FILE).to_pylist()
    assert {(row["viewer_id"], row["item_id"]): row["rating"] for row in table} == latest
    assert (summary.rows, summary.repeated) == (len(latest), 60_000 - len(latest))
    assert summary.mean == np.mean(list(latest.values()))
    viewers = [row["viewer_id"] for row in table]
    starts = sum(a != b for a, b in pairwise(viewers))
    assert starts == len(set(viewers)) - 1


def test_memory_does_not_grow_with_the_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BUFFERED_ROWS", 2_000)
    monkeypatch.setattr(module, "VIEWERS_PER_BUCKET", 20)
    peaks = []
    for rows in (10_000, 80_000):
        tracemalloc.start()
        spooled(tmp_path / str(rows), rows, viewers=rows // 10, items=97)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Eight times the rows and viewers; what grows is the viewers' ids, well under 300 bytes each.
    assert peaks[1] - peaks[0] < 7_000 * 300


def test_many_values_are_binned(tmp_path):
    spool = RatingSpool(tmp_path / "spool", {"a": 0})
    rows = (RatingText("r", i, str(i), "a", str(i / 10), "") for i in range(1000))
    spool_ratings(rows, spool, Faults(), scale=None, on_row_count=lambda n: None)
    summary = write_ratings(spool, tmp_path / "out", check=lambda: None)
    bars = rating_histogram(tmp_path / "out" / module.FILE)
    assert len(bars) == module.BINS
    assert sum(bar["count"] for bar in bars) == 1000
    assert (summary.low, summary.rows) == (0.0, 1000)
    assert pq.read_table(tmp_path / "out" / module.FILE)["timestamp"].null_count == 1000
