"""The labels of a snapshot, as its file holds them, and the labels a snapshot would hold."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from django.db.models import F, OuterRef, QuerySet, Subquery

from annotations.models import Pair, PreferenceLabel

LABELS_FILE = "labels.jsonl"


@dataclass(frozen=True)
class SnapshotLabel:
    """One preference between two texts for a pair, or (``other_text`` None) one text's share of coverage.

    Attributes:
        criterion: precision, appeal, coverage, prioritization or overall.
        source: human, bot or ai; labeller: the study or the teacher it came from.
        item, viewer: external ids.
        value: P(text preferred over other_text), or the share s, in [0, 1].
        votes: how many answers were averaged.
        weight: of the label in a loss: votes times the weight of its source, because the log-likelihood of
            n votes is n times that of their mean.
    """

    criterion: str
    source: str
    labeller: str
    item: str
    viewer: str
    text: str
    other_text: str | None
    value: float
    votes: int
    weight: float

    def as_line(self) -> str:
        """Canonical JSON (sorted keys, no spaces) and a line feed: equal labels have equal bytes."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def read_snapshot(folder: Path) -> list[SnapshotLabel]:
    """The labels of a snapshot's artifact, in its canonical order."""
    with (folder / LABELS_FILE).open(encoding="utf-8") as lines:
        return [SnapshotLabel(**json.loads(line)) for line in lines]


def with_split(labels: QuerySet[PreferenceLabel]) -> QuerySet[PreferenceLabel]:
    """Annotate each label with ``split``: the split its viewer–item pair is in, or None."""
    pair = Pair.objects.filter(
        viewer=OuterRef("endorsement__viewer"), item=OuterRef("endorsement__item")
    ).values("split")[:1]
    return labels.annotate(split=Subquery(pair))


def snapshot_labels(
    labels: QuerySet[PreferenceLabel], source_weights: Mapping[str, float]
) -> Iterator[SnapshotLabel]:
    """The labels as records, streamed in no particular order; a source without a weight weighs 1."""
    rows = labels.annotate(
        item=F("endorsement__item__external_id"), viewer=F("endorsement__viewer__external_id")
    ).values_list(
        "criterion",
        "source",
        "labeller",
        "item",
        "viewer",
        "endorsement__text",
        "other__text",
        "value",
        "votes",
    )
    for row in rows.iterator(chunk_size=2000):
        source, votes = row[1], row[-1]
        yield SnapshotLabel(*row, weight=votes * source_weights.get(source, 1.0))
