"""Making the splits of a catalogue: disjoint sets of viewer–item pairs, made once, seeded and recorded.

Test items are set aside first, so that no item of a test pair is in a training or collecting pair; items
that already are, because a study was launched on them, stay out of the test set while others are left.
Items and viewers are each used as evenly as their numbers allow, and pairs that the viewer has not rated
come first. In a catalogue with ratings, items and viewers without any are left out, because they get no
vector.
Source: METHOD 1; App. B (96 and 73 non-overlapping test pairs).
"""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from typing import Any

import numpy as np
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from annotations.models import AuditEvent, Catalogue, Pair, Split
from annotations.queries.rated_pairs import RatedPairs, read_rated_ids, read_rated_pairs
from annotations.services.audit import record_event

TEST_ITEM_SHARE = 0.2
ACTION = "catalogue.split"


class SplitError(ValueError):
    """The splits cannot be made as asked."""


@dataclass(frozen=True)
class SplitSizes:
    """How many pairs each split is to have; pairs that it has already count."""

    train: int
    collect: int
    test: int

    def as_json(self) -> dict[str, int]:
        return {"train": self.train, "collect": self.collect, "test": self.test}


@transaction.atomic
def make_splits(
    *, catalogue: Catalogue, seed: int, sizes: SplitSizes, made_by: AbstractBaseUser | None = None
) -> dict[str, Any]:
    """Fill the catalogue's splits up to ``sizes`` and return what was made; asked again, return the same.

    Raises:
        SplitError: if other splits were made before, or there are too few items or viewers.
    """
    Catalogue.objects.select_for_update().get(pk=catalogue.pk)
    asked = {"seed": seed, "sizes": sizes.as_json()}
    before = AuditEvent.objects.filter(
        action=ACTION, object_kind="catalogue", object_id=str(catalogue.pk)
    ).first()
    if before is not None:
        if {key: before.data[key] for key in asked} != asked:
            raise SplitError(
                f"the splits of catalogue {catalogue.name!r} were made before, with seed "
                f"{before.data['seed']} and sizes {before.data['sizes']}; splits are made once"
            )
        return dict(before.data)
    drawn = _Drawing(catalogue, seed).draw(sizes)
    Pair.objects.bulk_create(
        [
            Pair(catalogue=catalogue, viewer_id=viewer, item_id=item, split=split)
            for split, viewer, item in drawn
        ],
        batch_size=2000,
    )
    record = asked | _record(catalogue)
    record_event(account=made_by, action=ACTION, object_kind="catalogue", object_id=catalogue.pk, data=record)
    return record


def _record(catalogue: Catalogue) -> dict[str, Any]:
    rows = sorted(catalogue.pairs.values_list("split", "viewer__external_id", "item__external_id").iterator())
    digest = sha256("\n".join("\t".join(row) for row in rows).encode()).hexdigest()
    items: dict[bool, set[str]] = {True: set(), False: set()}
    for split, _, item in rows:
        items[split == Split.TEST].add(item)
    counts = Counter(split for split, _, _ in rows)
    return {
        "counts": {split: counts[split] for split in Split.values},
        "test_items_also_elsewhere": len(items[True] & items[False]),
        "pairs_sha256": digest,
    }


class _Drawing:
    """One drawing of pairs. Items and viewers are taken by external id, so a re-import draws the same."""

    def __init__(self, catalogue: Catalogue, seed: int) -> None:
        self.catalogue = catalogue
        self.random = np.random.default_rng(seed)
        items = (
            catalogue.items.exclude(description="").order_by("external_id").values_list("pk", "external_id")
        )
        viewers = catalogue.viewers.order_by("external_id").values_list("pk", "external_id")
        rated = read_rated_ids(catalogue)
        # Who or what has no rating gets no vector, so no text could be written for the pair.
        self.item_ids = {pk: name for pk, name in items if rated is None or name in rated[1]}
        self.viewer_ids = {pk: name for pk, name in viewers if rated is None or name in rated[0]}
        existing = list(catalogue.pairs.values_list("split", "viewer_id", "item_id"))
        self.taken = {(viewer, item) for _, viewer, item in existing}
        self.existing = Counter(split for split, _, _ in existing)
        self.test_items_before = {item for split, _, item in existing if split == Split.TEST}
        self.other_items_before = {item for split, _, item in existing if split != Split.TEST}

    def draw(self, sizes: SplitSizes) -> list[tuple[str, int, int]]:
        wanted = {split: max(0, size - self.existing[split]) for split, size in sizes.as_json().items()}
        if not any(wanted.values()):
            return []
        if not self.item_ids or not self.viewer_ids:
            raise SplitError(
                f"catalogue {self.catalogue.name!r} has {len(self.item_ids)} rated items with a description "
                f"and {len(self.viewer_ids)} viewers with ratings; pairs need both"
            )
        test_items = self._set_test_items_aside(wanted[Split.TEST])
        other_items = [item for item in self.item_ids if item not in test_items] or list(self.item_ids)
        viewers = self._shuffled(list(self.viewer_ids))[: 4 * sum(wanted.values()) + 100]
        rated = read_rated_pairs(self.catalogue, {pk: self.viewer_ids[pk] for pk in viewers}, self.item_ids)
        drawn: list[tuple[str, int, int]] = []
        for split, items in (
            (Split.TEST, sorted(test_items)),
            (Split.COLLECT, other_items),
            (Split.TRAIN, other_items),
        ):
            pairs = self._pairs(wanted[split], self._shuffled(items), viewers, rated)
            if len(pairs) < wanted[split]:
                raise SplitError(
                    f"only {len(pairs)} of {wanted[split]} {split} pairs are possible with "
                    f"{len(items)} items and {len(viewers)} viewers"
                )
            drawn.extend((split.value, viewer, item) for viewer, item in pairs)
        return drawn

    def _set_test_items_aside(self, wanted: int) -> set[int]:
        if wanted == 0:
            return set(self.test_items_before)
        free = [item for item in self.item_ids if item not in self.other_items_before] or list(self.item_ids)
        share = ceil(TEST_ITEM_SHARE * len(self.item_ids))
        # Items with a pair in a test set already stay test items.
        fresh = [item for item in self._shuffled(free) if item not in self.test_items_before]
        return self.test_items_before | set(fresh[: max(1, share - len(self.test_items_before))])

    def _shuffled(self, ids: Sequence[int]) -> list[int]:
        return [ids[i] for i in self.random.permutation(len(ids))]

    def _pairs(
        self, wanted: int, items: Sequence[int], viewers: Sequence[int], rated: RatedPairs
    ) -> list[tuple[int, int]]:
        """Go round the items, giving each the first waiting viewer who has not rated it, then any viewer."""
        queue = deque(self._shuffled(viewers))
        pairs: list[tuple[int, int]] = []
        for allows_rated in (False, True):
            exhausted: set[int] = set()
            while len(pairs) < wanted and len(exhausted) < len(items):
                for item in items:
                    if len(pairs) == wanted:
                        break
                    if item in exhausted:
                        continue
                    viewer = self._first_free(queue, item, None if allows_rated else rated)
                    if viewer is None:
                        exhausted.add(item)
                        continue
                    queue.remove(viewer)
                    queue.append(viewer)
                    self.taken.add((viewer, item))
                    pairs.append((viewer, item))
        return pairs

    def _first_free(self, queue: deque[int], item: int, rated: RatedPairs | None) -> int | None:
        for viewer in queue:
            if (viewer, item) not in self.taken and (rated is None or not rated.has(viewer, item)):
                return viewer
        return None
