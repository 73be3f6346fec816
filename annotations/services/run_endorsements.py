"""Recording the endorsements that a run wrote, by the ids of their rows. Repeating it changes nothing."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from annotations.models import Endorsement, Item, System, Viewer

BATCH_ROWS = 500


class ConflictingTextError(ValueError):
    """A system already has another text for that pair and sample; texts never change."""


@dataclass(frozen=True)
class NewEndorsement:
    """One text for a pair, by the ids of its rows."""

    item_id: int
    viewer_id: int
    text: str
    sample: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)


@transaction.atomic
def record_endorsements(
    *, system_id: int, endorsements: Iterable[NewEndorsement], run_id: int | None = None
) -> int:
    """Write the texts that are not there yet and return how many were.

    Raises:
        ConflictingTextError: if the system has another text for one of the pairs; nothing is written.
    """
    rows = [
        Endorsement(
            system_id=system_id,
            item_id=new.item_id,
            viewer_id=new.viewer_id,
            sample=new.sample,
            text=new.text,
            text_sha256=hashlib.sha256(new.text.encode()).hexdigest(),
            run_id=run_id,
            metadata=dict(new.metadata),
        )
        for new in endorsements
    ]
    of_system = Endorsement.objects.filter(system_id=system_id)
    before = of_system.count()
    Endorsement.objects.bulk_create(rows, batch_size=BATCH_ROWS, ignore_conflicts=True)
    stored = {
        (item_id, viewer_id, sample): digest
        for item_id, viewer_id, sample, digest in of_system.filter(
            item_id__in={row.item_id for row in rows}
        ).values_list("item_id", "viewer_id", "sample", "text_sha256")
    }
    for row in rows:
        if stored[row.item_id, row.viewer_id, row.sample] != row.text_sha256:
            item, viewer = Item.objects.get(pk=row.item_id), Viewer.objects.get(pk=row.viewer_id)
            raise ConflictingTextError(
                f"system {System.objects.get(pk=system_id).name!r} already has another text for item "
                f"{item.external_id!r}, viewer {viewer.external_id!r}, sample {row.sample}"
            )
    return of_system.count() - before
