"""Recording what machine runs write: systems, profiles, endorsements, AI labels. Idempotent, so runs resume."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from annotations.models import Attribute, Endorsement, Item, PreferenceLabel, Profile, Purpose, System, Viewer
from annotations.queries.records import AttributeRecord

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
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NewLabel:
    """One AI preference; ``other_id`` None makes it an endorsement's share of coverage."""

    criterion: str
    endorsement_id: int
    other_id: int | None
    value: float
    evidence: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def record_system(
    *, catalogue_id: int, name: str, title: str, kind: str, run_id: int | None = None, description: str = ""
) -> System:
    """The catalogue's system of that name, made if it is not there.

    Raises:
        ValueError: if a system of that name has another kind.
    """
    system, made = System.objects.get_or_create(
        catalogue_id=catalogue_id,
        name=name,
        defaults={"title": title, "kind": kind, "run_id": run_id, "description": description},
    )
    if not made and system.kind != kind:
        raise ValueError(f"system {name!r} is there as {system.kind}, not {kind}")
    return system


@transaction.atomic
def record_profiles(
    *,
    catalogue_id: int,
    profiles: Mapping[str, Sequence[AttributeRecord]],
    source: str,
    run_id: int | None = None,
) -> int:
    """Make each profile the viewer's current version (older ones stay for studies that froze them).

    Args:
        profiles: attributes by the viewer's external id.

    Returns:
        how many profiles were written.
    """
    viewers = dict(
        Viewer.objects.filter(catalogue_id=catalogue_id, external_id__in=profiles.keys()).values_list(
            "external_id", "pk"
        )
    )
    unknown = sorted(profiles.keys() - viewers.keys())
    if unknown:
        raise ValueError(f"no viewer {unknown[0]!r} in the catalogue")
    Profile.objects.filter(viewer_id__in=viewers.values(), is_current=True).update(is_current=False)
    written = Profile.objects.bulk_create(
        Profile(viewer_id=viewers[external_id], source=source, run_id=run_id) for external_id in profiles
    )
    Attribute.objects.bulk_create(
        (
            Attribute(
                profile=profile,
                position=position,
                text=attribute.text,
                polarity=attribute.polarity,
                evidence=list(attribute.evidence),
            )
            for profile, attributes in zip(written, profiles.values(), strict=True)
            for position, attribute in enumerate(attributes)
        ),
        batch_size=BATCH_ROWS,
    )
    return len(written)


@transaction.atomic
def record_endorsements(
    *, system: System, endorsements: Iterable[NewEndorsement], run_id: int | None = None
) -> int:
    """Write the texts that are not there yet and return how many were.

    Raises:
        ConflictingTextError: if the system has another text for one of the pairs; nothing is written.
    """
    rows = [
        Endorsement(
            system=system,
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
    before = system.endorsements.count()
    Endorsement.objects.bulk_create(rows, batch_size=BATCH_ROWS, ignore_conflicts=True)
    stored = {
        (item_id, viewer_id, sample): digest
        for item_id, viewer_id, sample, digest in system.endorsements.filter(
            item_id__in={row.item_id for row in rows}
        ).values_list("item_id", "viewer_id", "sample", "text_sha256")
    }
    for row in rows:
        if stored[row.item_id, row.viewer_id, row.sample] != row.text_sha256:
            item, viewer = Item.objects.get(pk=row.item_id), Viewer.objects.get(pk=row.viewer_id)
            raise ConflictingTextError(
                f"system {system.name!r} already has another text for item {item.external_id!r}, "
                f"viewer {viewer.external_id!r}, sample {row.sample}"
            )
    return system.endorsements.count() - before


@transaction.atomic
def record_ai_labels(*, catalogue_id: int, labels: Iterable[NewLabel], labeller: str, run_id: int) -> int:
    """Replace this run's AI labels by these and return how many there are."""
    PreferenceLabel.objects.filter(run_id=run_id, source=PreferenceLabel.Source.AI).delete()
    return len(
        PreferenceLabel.objects.bulk_create(
            (
                PreferenceLabel(
                    catalogue_id=catalogue_id,
                    criterion=label.criterion,
                    source=PreferenceLabel.Source.AI,
                    labeller=labeller,
                    purpose=Purpose.COLLECT,
                    endorsement_id=label.endorsement_id,
                    other_id=label.other_id,
                    value=label.value,
                    run_id=run_id,
                    evidence=dict(label.evidence),
                )
                for label in labels
            ),
            batch_size=BATCH_ROWS,
        )
    )
