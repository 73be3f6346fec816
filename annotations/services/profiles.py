"""Writing viewers' profiles. A changed profile is a new version; the old one stays."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from django.db import transaction

from annotations.models import Attribute, Catalogue, Profile, Viewer
from annotations.queries.records import AttributeRecord

BATCH = 1000


class UnknownViewerError(LookupError):
    """A profile is for a viewer that the catalogue does not have."""


@dataclass(frozen=True)
class ProfileRow:
    """A viewer's profile, most important attribute first; ``viewer`` is their external id."""

    viewer: str
    attributes: tuple[AttributeRecord, ...]


@dataclass(frozen=True)
class ProfileCounts:
    written: int
    unchanged: int


@transaction.atomic
def save_profiles(
    *, catalogue_id: int, profiles: Iterable[ProfileRow], source: str, run_id: int | None = None
) -> ProfileCounts:
    """Make each profile its viewer's current one; a profile equal to the current one is left alone.

    Raises:
        UnknownViewerError: with the viewer's external id; nothing is written then.
    """
    written = unchanged = 0
    remaining = iter(profiles)
    while batch := list(islice(remaining, BATCH)):
        viewers = dict(
            Viewer.objects.filter(
                catalogue_id=catalogue_id, external_id__in=[p.viewer for p in batch]
            ).values_list("external_id", "pk")
        )
        unknown = next((p.viewer for p in batch if p.viewer not in viewers), None)
        if unknown is not None:
            name = Catalogue.objects.get(pk=catalogue_id).name
            raise UnknownViewerError(f"catalogue {name!r} has no viewer {unknown!r}")
        latest = {viewers[p.viewer]: p for p in batch}
        current = _current_attributes(latest)
        changed = {pk: p for pk, p in latest.items() if current.get(pk) != p.attributes}
        unchanged += len(latest) - len(changed)
        Profile.objects.filter(viewer__in=changed, is_current=True).update(is_current=False)
        made = Profile.objects.bulk_create(
            Profile(viewer_id=pk, source=source[:80], run_id=run_id) for pk in changed
        )
        Attribute.objects.bulk_create(
            Attribute(
                profile=profile,
                position=position,
                text=attribute.text,
                polarity=attribute.polarity,
                evidence=list(attribute.evidence),
            )
            for profile, row in zip(made, changed.values(), strict=True)
            for position, attribute in enumerate(row.attributes)
        )
        written += len(changed)
    return ProfileCounts(written, unchanged)


def _current_attributes(viewer_ids: Iterable[int]) -> dict[int, tuple[AttributeRecord, ...]]:
    found: dict[int, tuple[AttributeRecord, ...]] = {}
    rows = Attribute.objects.filter(profile__viewer__in=list(viewer_ids), profile__is_current=True).order_by(
        "profile_id", "position"
    )
    for viewer_id, text, polarity, evidence in rows.values_list(
        "profile__viewer_id", "text", "polarity", "evidence"
    ):
        found[viewer_id] = (*found.get(viewer_id, ()), AttributeRecord(text, polarity, tuple(evidence)))
    return found
