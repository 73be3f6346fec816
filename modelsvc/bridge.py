"""Annotations records to core types: the only conversion between the two sides."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from annotations.queries.records import AttributeRecord, ItemRecord, PairRecord, ViewerRecord
from modelsvc.core.collab.embeddings import Embeddings
from modelsvc.core.endorser.context import Context
from modelsvc.core.teacher.types import ItemFacts, ProfileAttribute, RatedItem, ViewerHistory

SHOWN = 5


class MissingVectorsError(LookupError):
    """Pairs name items or viewers that the embeddings hold no vector for; none is invented."""


def item_facts(item: ItemRecord) -> ItemFacts:
    return ItemFacts(
        item_id=item.external_id,
        title=item.title,
        description=item.description,
        year=item.year,
        genres=item.categories,
        tags=item.tags,
    )


def profile_of(viewer: ViewerRecord) -> tuple[ProfileAttribute, ...]:
    """The viewer's attributes; earlier ones weigh more, as the profile lists the most important first."""
    count = len(viewer.attributes)
    return tuple(
        ProfileAttribute(
            text=attribute.text,
            polarity="like" if attribute.polarity == "like" else "dislike",
            evidence=attribute.evidence,
            weight=1.0 + (count - position) / max(count, 1),
        )
        for position, attribute in enumerate(viewer.attributes)
    )


def attribute_records(profile: Iterable[ProfileAttribute]) -> tuple[AttributeRecord, ...]:
    return tuple(AttributeRecord(a.text, a.polarity, tuple(a.evidence)) for a in profile)


def context_of(pair: PairRecord, embeddings: Embeddings) -> Context:
    """c = (I, i, u) with the profile for text-only readers.

    Raises:
        UnknownIdError: if the viewer or item has no vector.
    """
    return Context(
        item_id=pair.item.external_id,
        viewer_id=pair.viewer.external_id,
        item_title=pair.item.title,
        item_description=pair.item.description,
        item_vector=embeddings.item(pair.item.external_id),
        viewer_vector=embeddings.viewer(pair.viewer.external_id),
        profile=tuple(attribute.text for attribute in pair.viewer.attributes),
    )


def contexts_of(pairs: Sequence[PairRecord], embeddings: Embeddings) -> dict[tuple[int, int], Context]:
    """Contexts by (item id, viewer id) of the rows in the database.

    Raises:
        MissingVectorsError: naming the items and viewers without a vector.
    """
    known_items, known_viewers = set(embeddings.item_ids), set(embeddings.viewer_ids)
    missing = [
        f"item {pair.item.external_id!r}" for pair in pairs if pair.item.external_id not in known_items
    ]
    missing += [
        f"viewer {pair.viewer.external_id!r}"
        for pair in pairs
        if pair.viewer.external_id not in known_viewers
    ]
    if missing:
        named = list(dict.fromkeys(missing))
        more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        raise MissingVectorsError(
            f"no vector for {', '.join(named[:SHOWN])}{more}: the embeddings were fitted without ratings of "
            "theirs; import ratings and fit again, or leave them out of the splits"
        )
    return {(pair.item.id, pair.viewer.id): context_of(pair, embeddings) for pair in pairs}


def histories(
    ratings_folder: Path,
    items: Mapping[str, ItemFacts],
    *,
    liked_at_least: float,
    disliked_at_most: float,
    locked: Collection[tuple[str, str]] = frozenset(),
) -> dict[str, ViewerHistory]:
    """Each viewer's liked and disliked items, best and worst first, streamed from the ratings artifact.

    Ratings of ``locked`` (viewer, item) pairs are passed over.
    """
    liked: dict[str, list[RatedItem]] = {}
    disliked: dict[str, list[RatedItem]] = {}
    for path in sorted(ratings_folder.glob("*.parquet")):
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=["viewer_id", "item_id", "rating"]):
                ratings = np.asarray(batch.column("rating"), dtype=np.float64)
                for row in np.flatnonzero((ratings >= liked_at_least) | (ratings <= disliked_at_most)):
                    facts = items.get(batch.column("item_id")[int(row)].as_py())
                    if facts is None:
                        continue
                    side = liked if ratings[row] >= liked_at_least else disliked
                    viewer_id = batch.column("viewer_id")[int(row)].as_py()
                    if (viewer_id, facts.item_id) in locked:
                        continue
                    side.setdefault(viewer_id, []).append(RatedItem(facts, float(ratings[row])))
    return {
        viewer_id: ViewerHistory(
            viewer_id,
            tuple(sorted(liked.get(viewer_id, ()), key=lambda r: (-r.rating, r.item.item_id))),
            tuple(sorted(disliked.get(viewer_id, ()), key=lambda r: (r.rating, r.item.item_id))),
        )
        for viewer_id in sorted(liked.keys() | disliked.keys())
    }
