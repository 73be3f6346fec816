"""Writing a catalogue: its row, items, viewers, descriptions and tags, merged by external id."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from annotations.models import Artifact, Catalogue

TAGS_PER_ITEM = 20


class CatalogueConflictError(ValueError):
    """The name is taken by a catalogue of another kind, whose ids would be confused with these."""


@dataclass(frozen=True)
class ItemRow:
    """An item as read from a source. An empty description leaves the one it has."""

    external_id: str
    title: str
    year: int | None = None
    categories: tuple[str, ...] = ()
    description: str = ""
    description_source: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ViewerRow:
    external_id: str
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CatalogueCounts:
    """What a write changed. ``missing`` are items without a description afterwards."""

    items_new: int = 0
    items_changed: int = 0
    viewers_new: int = 0
    descriptions_matched: int = 0
    descriptions_unknown: int = 0
    descriptions_unknown_examples: tuple[str, ...] = ()
    descriptions_missing: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"descriptions_unknown_examples": list(self.descriptions_unknown_examples)}


@transaction.atomic
def write_catalogue(
    *,
    name: str,
    title: str,
    domain: str,
    source_format: str,
    licence: str = "",
    rating_min: float,
    rating_max: float,
    ratings: Artifact | None,
    rating_count: int,
    items: Iterable[ItemRow],
    viewers: Iterable[ViewerRow],
    tags: Iterable[tuple[str, str]] = (),
    descriptions: Iterable[tuple[str, str]] = (),
    description_source: str = "",
    owner: AbstractBaseUser | None = None,
) -> tuple[Catalogue, CatalogueCounts]:
    """Create the catalogue or bring it up to date; writing the same again changes nothing.

    Nothing is deleted: items and viewers that studies cite stay when a later source lacks them.
    Rows are streamed to the server by COPY, so memory does not grow with their number.

    Raises:
        CatalogueConflictError: if ``name`` is a catalogue from another format or domain.
    """
    catalogue, created = Catalogue.objects.select_for_update().get_or_create(
        name=name,
        defaults={
            "title": title or name,
            "domain": domain,
            "source_format": source_format,
            "licence": licence,
            "rating_min": rating_min,
            "rating_max": rating_max,
            "ratings": ratings,
            "rating_count": rating_count,
            "owner": owner,
        },
    )
    if not created:
        refuse_conflict(catalogue, domain=domain, source_format=source_format)
        catalogue.title = title or catalogue.title
        catalogue.licence = licence or catalogue.licence
        if ratings is not None:
            catalogue.ratings, catalogue.rating_count = ratings, rating_count
            catalogue.rating_min, catalogue.rating_max = rating_min, rating_max
        catalogue.owner = catalogue.owner or owner
        catalogue.save()
    with connection.cursor() as cursor:
        items_new, items_changed = _merge_items(cursor, catalogue.pk, items)
        viewers_new = _merge_viewers(cursor, catalogue.pk, viewers)
        _set_tags(cursor, catalogue.pk, tags)
        matched, unknown, examples = _set_descriptions(
            cursor, catalogue.pk, descriptions, description_source[:80]
        )
    missing = catalogue.items.filter(description="").count()
    return catalogue, CatalogueCounts(
        items_new, items_changed, viewers_new, matched, unknown, examples, missing
    )


def refuse_conflict(catalogue: Catalogue, *, domain: str, source_format: str) -> None:
    """Raises:
    CatalogueConflictError: if the catalogue came from another format or is of another domain.
    """
    for what, is_, wanted in (
        ("format", catalogue.source_format, source_format),
        ("domain", catalogue.domain, domain),
    ):
        if is_ != wanted:
            raise CatalogueConflictError(
                f"catalogue {catalogue.name!r} exists with the {what} {is_!r}, not {wanted!r}; "
                "choose another name"
            )


def _stage(cursor: CursorWrapper, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    """Fill a temporary table that ends with the transaction. ``table`` and ``columns`` are literals."""
    cursor.execute(f"DROP TABLE IF EXISTS {table}")
    cursor.execute(f"CREATE TEMPORARY TABLE {table} ({columns}) ON COMMIT DROP")
    with cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    cursor.execute(f"ANALYZE {table}")


def _merge_items(cursor: CursorWrapper, catalogue_id: int, items: Iterable[ItemRow]) -> tuple[int, int]:
    _stage(
        cursor,
        "staged_item",
        "position bigint, external_id text, title text, year smallint, categories jsonb, "
        "description text, description_source text, metadata jsonb",
        (
            (
                position,
                item.external_id,
                item.title,
                item.year,
                json.dumps(item.categories),
                item.description,
                item.description_source[:80],
                json.dumps(item.metadata),
            )
            for position, item in enumerate(items)
        ),
    )
    cursor.execute(
        """
        WITH written AS (
            INSERT INTO annotations_item AS kept (
                catalogue_id, external_id, title, year, categories, description, description_source, metadata
            )
            SELECT %s, external_id, title, year, categories, description, description_source, metadata
            FROM staged_item ORDER BY position
            ON CONFLICT (catalogue_id, external_id) DO UPDATE SET
                title = EXCLUDED.title,
                year = EXCLUDED.year,
                categories = EXCLUDED.categories,
                description = CASE WHEN EXCLUDED.description = '' THEN kept.description
                                   ELSE EXCLUDED.description END,
                description_source = CASE WHEN EXCLUDED.description = '' THEN kept.description_source
                                          ELSE EXCLUDED.description_source END,
                metadata = kept.metadata || EXCLUDED.metadata
            WHERE kept.title <> EXCLUDED.title
               OR kept.year IS DISTINCT FROM EXCLUDED.year
               OR kept.categories <> EXCLUDED.categories
               OR (EXCLUDED.description <> '' AND kept.description <> EXCLUDED.description)
               OR kept.metadata || EXCLUDED.metadata <> kept.metadata
            RETURNING (kept.xmax = 0) AS is_new
        )
        SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM written
        """,
        [catalogue_id],
    )
    new, changed = cursor.fetchone()
    return new, changed


def _merge_viewers(cursor: CursorWrapper, catalogue_id: int, viewers: Iterable[ViewerRow]) -> int:
    _stage(
        cursor,
        "staged_viewer",
        "position bigint, external_id text, metadata jsonb",
        (
            (position, viewer.external_id, json.dumps(viewer.metadata))
            for position, viewer in enumerate(viewers)
        ),
    )
    cursor.execute(
        """
        WITH written AS (
            INSERT INTO annotations_viewer AS kept (catalogue_id, external_id, metadata)
            SELECT %s, external_id, metadata FROM staged_viewer ORDER BY position
            ON CONFLICT (catalogue_id, external_id)
                DO UPDATE SET metadata = kept.metadata || EXCLUDED.metadata
                WHERE kept.metadata || EXCLUDED.metadata <> kept.metadata
            RETURNING (kept.xmax = 0) AS is_new
        )
        SELECT count(*) FILTER (WHERE is_new) FROM written
        """,
        [catalogue_id],
    )
    return int(cursor.fetchone()[0])


def _set_tags(cursor: CursorWrapper, catalogue_id: int, tags: Iterable[tuple[str, str]]) -> None:
    """Keep each item's most given tags, letter case aside, in its metadata."""
    _stage(cursor, "staged_tag", "external_id text, tag text", tags)
    cursor.execute(
        """
        WITH counted AS (
            SELECT external_id, mode() WITHIN GROUP (ORDER BY tag) AS tag, count(*) AS times
            FROM staged_tag GROUP BY external_id, lower(tag)
        ), ranked AS (
            SELECT *, row_number() OVER (PARTITION BY external_id ORDER BY times DESC, tag) AS place
            FROM counted
        ), kept AS (
            SELECT external_id, jsonb_agg(tag ORDER BY place) AS tags
            FROM ranked WHERE place <= %s GROUP BY external_id
        )
        UPDATE annotations_item AS item
        SET metadata = item.metadata || jsonb_build_object('tags', kept.tags)
        FROM kept
        WHERE item.catalogue_id = %s AND item.external_id = kept.external_id
          AND item.metadata -> 'tags' IS DISTINCT FROM kept.tags
        """,
        [TAGS_PER_ITEM, catalogue_id],
    )


def _set_descriptions(
    cursor: CursorWrapper, catalogue_id: int, descriptions: Iterable[tuple[str, str]], description_source: str
) -> tuple[int, int, tuple[str, ...]]:
    """Join descriptions by external id; of several for one item the first stands."""
    _stage(
        cursor,
        "staged_description",
        "position bigint, external_id text, description text",
        ((position, *row) for position, row in enumerate(descriptions)),
    )
    cursor.execute(
        "DELETE FROM staged_description later USING staged_description earlier "
        "WHERE later.external_id = earlier.external_id AND later.position > earlier.position"
    )
    cursor.execute(
        """
        UPDATE annotations_item AS item
        SET description = staged.description, description_source = %s
        FROM staged_description AS staged
        WHERE item.catalogue_id = %s AND item.external_id = staged.external_id
          AND (item.description, item.description_source) <> (staged.description, %s)
        """,
        [description_source, catalogue_id, description_source],
    )
    cursor.execute(
        """
        SELECT count(*) FILTER (WHERE item.id IS NOT NULL),
               count(*) FILTER (WHERE item.id IS NULL),
               (array_agg(staged.external_id ORDER BY staged.position) FILTER (WHERE item.id IS NULL))[1:5]
        FROM staged_description AS staged
        LEFT JOIN annotations_item AS item
            ON item.catalogue_id = %s AND item.external_id = staged.external_id
        """,
        [catalogue_id],
    )
    matched, unknown, examples = cursor.fetchone()
    return matched, unknown, tuple(examples or ())
