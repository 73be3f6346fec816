"""Catalogues as their pages show them: counts, coverage, the shape of the ratings, items, viewers."""

from dataclasses import dataclass

import pyarrow.parquet as pq
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from annotations.models import (
    Attribute,
    Catalogue,
    Endorsement,
    Item,
    Pair,
    Profile,
    Split,
    System,
    Viewer,
)
from annotations.queries.records import ratings_folder

# Above this the page of one viewer does not look their ratings up in the file.
LOOKED_UP_RATINGS = 2_000_000


def with_counts(catalogues: QuerySet[Catalogue]) -> QuerySet[Catalogue]:
    """Annotate ``item_count``, ``described_count`` and ``viewer_count``, each by a subquery of its own."""

    def counted(rows: QuerySet[Item] | QuerySet[Viewer]) -> QuerySet[Item] | QuerySet[Viewer]:
        grouped = rows.filter(catalogue=OuterRef("pk")).order_by().values("catalogue")
        return grouped.annotate(rows=Count("*")).values("rows")

    return catalogues.annotate(
        item_count=counted(Item.objects.all()),
        described_count=counted(Item.objects.exclude(description="")),
        viewer_count=counted(Viewer.objects.all()),
    )


@dataclass(frozen=True)
class SystemLine:
    name: str
    title: str
    kind: str
    endorsements: int


@dataclass(frozen=True)
class CatalogueSummary:
    """``histogram`` is (label, count) per bar; the shares are fractions, None where undefined."""

    items: int
    described: int
    viewers: int
    profiled: int
    ratings: int
    rating_mean: float | None
    rated_items: int | None
    histogram: tuple[tuple[str, int], ...]
    pairs: tuple[tuple[str, int], ...]
    systems: tuple[SystemLine, ...]

    @property
    def described_share(self) -> float | None:
        return self.described / self.items if self.items else None

    @property
    def profiled_share(self) -> float | None:
        return self.profiled / self.viewers if self.viewers else None

    @property
    def sparsity(self) -> float | None:
        """The share of viewer–item pairs without a rating."""
        cells = self.items * self.viewers
        return 1 - self.ratings / cells if cells else None


def summarize(catalogue: Catalogue) -> CatalogueSummary:
    items = catalogue.items.aggregate(all=Count("pk"), described=Count("pk", filter=~Q(description="")))
    metadata = catalogue.ratings.metadata if catalogue.ratings is not None else {}
    split_counts = dict(
        Pair.objects.filter(catalogue=catalogue).order_by().values_list("split").annotate(pairs=Count("pk"))
    )
    systems = (
        System.objects.filter(catalogue=catalogue).annotate(texts=Count("endorsements")).order_by("name")
    )
    return CatalogueSummary(
        items=items["all"],
        described=items["described"],
        viewers=catalogue.viewers.count(),
        profiled=Profile.objects.filter(viewer__catalogue=catalogue, is_current=True).count(),
        ratings=catalogue.rating_count,
        rating_mean=metadata.get("mean"),
        rated_items=metadata.get("items"),
        histogram=tuple((_bar_label(bar), int(bar["count"])) for bar in metadata.get("histogram", ())),
        pairs=tuple((split.label, split_counts.get(split.value, 0)) for split in Split),
        systems=tuple(SystemLine(s.name, s.title, s.get_kind_display(), s.texts) for s in systems),
    )


def _bar_label(bar: dict[str, float]) -> str:
    low, high = f"{bar['from']:g}", f"{bar['to']:g}"
    return low if low == high else f"{low}–{high}"


def items_of(catalogue: Catalogue, *, words: str = "", without_description: bool = False) -> QuerySet[Item]:
    """Items by title; every word must be in the title, or the whole be the external id."""
    items = catalogue.items.order_by(Lower("title"), "pk")
    if without_description:
        items = items.filter(description="")
    if words:
        in_title = Q()
        for word in words.split():
            in_title &= Q(title__icontains=word)
        items = items.filter(in_title | Q(external_id=words.strip()))
    return items


def viewers_of(catalogue: Catalogue, *, words: str = "", with_profile: bool = False) -> QuerySet[Viewer]:
    """Viewers in the order they were imported, with ``has_profile``; ``words`` starts their external id."""
    current = Profile.objects.filter(viewer=OuterRef("pk"), is_current=True)
    viewers = catalogue.viewers.annotate(has_profile=Exists(current)).order_by("pk")
    if with_profile:
        viewers = viewers.filter(has_profile=True)
    if words:
        viewers = viewers.filter(external_id__istartswith=words.strip())
    return viewers


@dataclass(frozen=True)
class AttributeLine:
    """A bullet with the items it was inferred from."""

    text: str
    polarity: str
    evidence: tuple[Item, ...]


def attributes_of(viewer: Viewer) -> tuple[Profile | None, list[AttributeLine]]:
    """The viewer's current profile and its attributes."""
    profile = viewer.profiles.filter(is_current=True).first()
    if profile is None:
        return None, []
    attributes = list(Attribute.objects.filter(profile=profile).order_by("position"))
    ids = {item_id for attribute in attributes for item_id in attribute.evidence}
    items = {item.external_id: item for item in _items_named(viewer.catalogue_id, ids)}
    return profile, [
        AttributeLine(a.text, a.polarity, tuple(items[i] for i in a.evidence if i in items))
        for a in attributes
    ]


@dataclass(frozen=True)
class RatedItem:
    item: Item
    rating: float


def ratings_of(viewer: Viewer) -> list[RatedItem] | None:
    """What the viewer rated, best first; None where the ratings are too many to look through on a page."""
    catalogue = viewer.catalogue
    if catalogue.ratings_id is None:
        return []
    if catalogue.rating_count > LOOKED_UP_RATINGS:
        return None
    table = pq.read_table(
        ratings_folder(catalogue.pk) / "ratings.parquet",
        columns=["item_id", "rating"],
        filters=[("viewer_id", "=", viewer.external_id)],
    )
    ratings = dict(zip(table["item_id"].to_pylist(), table["rating"].to_pylist(), strict=True))
    rated = [RatedItem(i, ratings[i.external_id]) for i in _items_named(catalogue.pk, set(ratings))]
    return sorted(rated, key=lambda line: (-line.rating, line.item.title))


def _items_named(catalogue_id: int, external_ids: set[str]) -> QuerySet[Item]:
    return Item.objects.filter(catalogue_id=catalogue_id, external_id__in=external_ids).defer("description")


def endorsements_about(*, item: Item | None = None, viewer: Viewer | None = None) -> QuerySet[Endorsement]:
    """The texts about one item or for one viewer, those of a pair together."""
    texts = Endorsement.objects.select_related("system", "item", "viewer").order_by(
        F("item_id"), F("viewer_id"), "system__name", "sample"
    )
    if item is not None:
        texts = texts.filter(item=item)
    if viewer is not None:
        texts = texts.filter(viewer=viewer)
    return texts
