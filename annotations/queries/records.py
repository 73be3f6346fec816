"""Frozen records of a catalogue for the machine side: items, viewers, pairs, texts, ratings."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db.models import F

from annotations.models import Attribute, Catalogue, Endorsement, Item, Pair, Profile, Split, System, Viewer
from annotations.runs import storage


class NoRatingsError(LookupError):
    """The catalogue has no ratings to learn from."""


class UnknownSystemError(LookupError):
    """The catalogue has no system of that name."""


@dataclass(frozen=True)
class ItemRecord:
    """An item; ``title`` carries the year as shown to raters."""

    id: int
    external_id: str
    title: str
    year: int | None
    categories: tuple[str, ...]
    tags: tuple[str, ...]
    description: str


@dataclass(frozen=True)
class AttributeRecord:
    """One bullet of a profile; ``evidence`` are external ids of items."""

    text: str
    polarity: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class ViewerRecord:
    """A viewer with the attributes of their current profile, most important first, and which run wrote it."""

    id: int
    external_id: str
    attributes: tuple[AttributeRecord, ...]
    profile_run_id: int | None


@dataclass(frozen=True)
class PairRecord:
    """A viewer–item pair and its split."""

    item: ItemRecord
    viewer: ViewerRecord
    split: str


@dataclass(frozen=True)
class EndorsementRecord:
    """One text with what it is about, the run that wrote it and what that run noted of it."""

    id: int
    system: str
    item_id: int
    viewer_id: int
    sample: int
    text: str
    run_id: int | None
    metadata: Mapping[str, Any] = field(hash=False)


def catalogue_items(catalogue_id: int) -> list[ItemRecord]:
    """Every item of the catalogue, by id."""
    return [
        ItemRecord(
            id=item.pk,
            external_id=item.external_id,
            title=str(item),
            year=item.year,
            categories=tuple(item.categories),
            tags=tuple(item.metadata.get("tags", ())),
            description=item.description,
        )
        for item in Item.objects.filter(catalogue_id=catalogue_id).order_by("pk")
    ]


def catalogue_viewers(catalogue_id: int) -> list[ViewerRecord]:
    """Every viewer of the catalogue with their current profile (empty if there is none), by id."""
    attributes: dict[int, list[AttributeRecord]] = {}
    rows = Attribute.objects.filter(
        profile__viewer__catalogue_id=catalogue_id, profile__is_current=True
    ).order_by("profile_id", "position")
    for viewer_id, text, polarity, evidence in rows.values_list(
        "profile__viewer_id", "text", "polarity", "evidence"
    ):
        attributes.setdefault(viewer_id, []).append(AttributeRecord(text, polarity, tuple(evidence)))
    runs = dict(
        Profile.objects.filter(viewer__catalogue_id=catalogue_id, is_current=True).values_list(
            "viewer_id", "run_id"
        )
    )
    return [
        ViewerRecord(pk, external_id, tuple(attributes.get(pk, ())), runs.get(pk))
        for pk, external_id in Viewer.objects.filter(catalogue_id=catalogue_id)
        .order_by("pk")
        .values_list("pk", "external_id")
    ]


def catalogue_pairs(catalogue_id: int, splits: Collection[str]) -> list[PairRecord]:
    """The pairs of these splits in the order they were made."""
    items = {item.id: item for item in catalogue_items(catalogue_id)}
    viewers = {viewer.id: viewer for viewer in catalogue_viewers(catalogue_id)}
    rows = Pair.objects.filter(catalogue_id=catalogue_id, split__in=splits).order_by("pk")
    return [
        PairRecord(items[item_id], viewers[viewer_id], split)
        for item_id, viewer_id, split in rows.values_list("item_id", "viewer_id", "split")
    ]


def locked_pairs(catalogue_id: int) -> frozenset[tuple[str, str]]:
    """(viewer, item) external ids of the test pairs there are now: nothing about them is trained on."""
    rows = Pair.objects.filter(catalogue_id=catalogue_id, split=Split.TEST)
    return frozenset(rows.values_list("viewer__external_id", "item__external_id"))


def catalogue_endorsements(
    catalogue_id: int, *, systems: Iterable[str], splits: Collection[str]
) -> list[EndorsementRecord]:
    """The texts of these systems on pairs of these splits, by id.

    Raises:
        UnknownSystemError: with the systems there are.
    """
    wanted = list(systems)
    known = set(System.objects.filter(catalogue_id=catalogue_id).values_list("name", flat=True))
    unknown = next((name for name in wanted if name not in known), None)
    if unknown is not None:
        raise UnknownSystemError(
            f"the catalogue has no system {unknown!r}; there are: {', '.join(sorted(known)) or 'none'}"
        )
    rows = (
        Endorsement.objects.filter(
            system__catalogue_id=catalogue_id,
            system__name__in=wanted,
            item__pairs__viewer_id=F("viewer_id"),
            item__pairs__split__in=splits,
        )
        .order_by("pk")
        .values_list("pk", "system__name", "item_id", "viewer_id", "sample", "text", "run_id", "metadata")
    )
    return [EndorsementRecord(*row) for row in rows]


def ratings_folder(catalogue_id: int) -> Path:
    """A local folder with the catalogue's ratings as Parquet.

    Raises:
        NoRatingsError: if the catalogue was imported without ratings.
    """
    catalogue = Catalogue.objects.select_related("ratings").get(pk=catalogue_id)
    if catalogue.ratings is None:
        raise NoRatingsError(f"catalogue {catalogue.name!r} has no ratings")
    return storage.open_folder(catalogue.ratings.sha256, catalogue.ratings.files)
