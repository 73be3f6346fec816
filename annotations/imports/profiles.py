"""Profiles from a file: one JSON object per viewer, or one CSV row per attribute."""

from collections.abc import Iterator
from typing import Any

from annotations.imports.faults import Faults
from annotations.imports.sources import Source
from annotations.imports.tables import Column, is_json_lines, read_rows
from annotations.queries.records import AttributeRecord
from annotations.services.profiles import ProfileRow

POLARITIES = ("like", "dislike")
VIEWER = Column("viewer", ("viewer_id", "userId"))


def read_profiles(source: Source, name: str, faults: Faults) -> Iterator[tuple[int, ProfileRow]]:
    """Yield each viewer's profile with the row it began at.

    JSONL: ``{"viewer": …, "attributes": [{"text", "polarity", "evidence"}, …]}``. CSV: columns viewer,
    text, polarity and, if wanted, evidence (item ids between ``|``), the rows of a viewer together.
    """
    if is_json_lines(name):
        columns = [VIEWER, Column("attributes")]
        for row, (viewer, bullets) in read_rows(source, name, columns, faults):
            attributes = _from_json(bullets, name, row, faults)
            if attributes and str(viewer).strip():
                yield row, ProfileRow(str(viewer).strip(), attributes)
            elif not str(viewer).strip():
                faults.add(name, row, "viewer", "is empty")
        return
    yield from _from_csv(source, name, faults)


def _from_json(bullets: Any, name: str, row: int, faults: Faults) -> tuple[AttributeRecord, ...]:
    if not isinstance(bullets, list) or not bullets:
        faults.add(name, row, "attributes", "is not a list of attributes")
        return ()
    attributes = []
    for bullet in bullets:
        if not isinstance(bullet, dict):
            faults.add(name, row, "attributes", "holds something that is not an object", bullet)
            return ()
        evidence = bullet.get("evidence", [])
        if not isinstance(evidence, list):
            faults.add(name, row, "evidence", "is not a list of item ids", evidence)
            return ()
        attribute = _attribute(
            bullet.get("text", ""), bullet.get("polarity", ""), [str(i) for i in evidence], name, row, faults
        )
        if attribute is None:
            return ()
        attributes.append(attribute)
    return tuple(attributes)


def _from_csv(source: Source, name: str, faults: Faults) -> Iterator[tuple[int, ProfileRow]]:
    columns = [VIEWER, Column("text"), Column("polarity"), Column("evidence", required=False)]
    begun_at, current, attributes = 0, "", list[AttributeRecord]()
    finished: set[str] = set()
    for row, (viewer, text, polarity, evidence) in read_rows(source, name, columns, faults):
        viewer = viewer.strip()
        if viewer in finished:
            faults.add(name, row, "viewer", "has rows that do not stand together", viewer)
            continue
        if not viewer:
            faults.add(name, row, "viewer", "is empty")
            continue
        if viewer != current:
            if attributes:
                yield begun_at, ProfileRow(current, tuple(attributes))
            finished.add(current)
            begun_at, current, attributes = row, viewer, []
        ids = [part.strip() for part in evidence.split("|") if part.strip()]
        attribute = _attribute(text, polarity, ids, name, row, faults)
        if attribute is not None:
            attributes.append(attribute)
    if attributes:
        yield begun_at, ProfileRow(current, tuple(attributes))


def _attribute(
    text: Any, polarity: Any, evidence: list[str], name: str, row: int, faults: Faults
) -> AttributeRecord | None:
    text = " ".join(str(text).split())
    polarity = str(polarity).strip().lower()
    if not text:
        faults.add(name, row, "text", "is empty")
        return None
    if polarity not in POLARITIES:
        faults.add(name, row, "polarity", "is neither like nor dislike", polarity)
        return None
    return AttributeRecord(text, polarity, tuple(evidence))


def profile_from_fields(fields: dict[str, Any]) -> ProfileRow:
    """Back from ``dataclasses.asdict``."""
    return ProfileRow(
        fields["viewer"],
        tuple(AttributeRecord(a["text"], a["polarity"], tuple(a["evidence"])) for a in fields["attributes"]),
    )
