"""Writing endorsements that came from elsewhere: systems, pairs and texts named by external ids."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

from django.db import transaction

from annotations.models import Catalogue, Endorsement, Item, System, Viewer

BATCH = 500


class EndorsementsRefusedError(ValueError):
    """Some rows cannot be written, so none was."""


@dataclass(frozen=True)
class EndorsementRow:
    """One text; ``row`` is its place in the file, for error messages."""

    row: int
    catalogue: str
    system: str
    system_title: str
    item: str
    viewer: str
    text: str
    sample: int = 0


@dataclass(frozen=True)
class EndorsementCounts:
    written: int
    unchanged: int
    systems_new: int


# row number, field, problem, value
OnFault = Callable[[int, str, str, object], None]


@transaction.atomic
def save_endorsements(*, rows: Iterable[EndorsementRow], on_fault: OnFault) -> EndorsementCounts:
    """Write all texts or none. A text that is there already counts as unchanged; another text for the
    same system, item, viewer and sample is a fault, because texts never change.

    Raises:
        EndorsementsRefusedError: if any row is at fault; ``on_fault`` was told of each.
    """
    writing = _Writing(on_fault)
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        writing.write(batch)
    if writing.faults:
        raise EndorsementsRefusedError(f"{writing.faults} rows cannot be written")
    return EndorsementCounts(writing.written, writing.unchanged, writing.systems_new)


class _Writing:
    def __init__(self, on_fault: OnFault) -> None:
        self.on_fault = on_fault
        self.written = self.unchanged = self.systems_new = self.faults = 0
        self._catalogues: dict[str, Catalogue | None] = {}
        self._systems: dict[tuple[int, str], System] = {}

    def _refuse(self, row: int, field: str, problem: str, value: object) -> None:
        self.faults += 1
        self.on_fault(row, field, problem, value)

    def write(self, batch: list[EndorsementRow]) -> None:
        fresh: dict[tuple[int, int, int, int], tuple[EndorsementRow, Endorsement]] = {}
        for name in {row.catalogue for row in batch}:
            rows = [row for row in batch if row.catalogue == name]
            for row, endorsement in self._resolve(name, rows):
                key = _key(endorsement)
                if key not in fresh:
                    fresh[key] = (row, endorsement)
                elif fresh[key][1].text_sha256 == endorsement.text_sha256:
                    self.unchanged += 1
                else:
                    self._refuse_other_text(row)
        stored = self._stored([endorsement for _, endorsement in fresh.values()])
        new = []
        for key, (row, endorsement) in fresh.items():
            if key not in stored:
                new.append(endorsement)
            elif stored[key] == endorsement.text_sha256:
                self.unchanged += 1
            else:
                self._refuse_other_text(row)
        Endorsement.objects.bulk_create(new)
        self.written += len(new)

    def _refuse_other_text(self, row: EndorsementRow) -> None:
        problem = (
            f"differs from the text that system {row.system!r} already has for item {row.item!r}, "
            f"viewer {row.viewer!r}, sample {row.sample}"
        )
        self._refuse(row.row, "text", problem, row.text)

    def _resolve(self, name: str, rows: list[EndorsementRow]) -> list[tuple[EndorsementRow, Endorsement]]:
        catalogue = self._catalogue(name)
        if catalogue is None:
            for row in rows:
                self._refuse(row.row, "catalogue", "is not there", name)
            return []
        items = _ids(Item, catalogue, {row.item for row in rows})
        viewers = _ids(Viewer, catalogue, {row.viewer for row in rows})
        resolved = []
        for row in rows:
            system = self._system(catalogue, row)
            if system is None:
                self._refuse(row.row, "system", "is not one of imported texts", row.system)
            elif row.item not in items:
                self._refuse(row.row, "item", f"is not in catalogue {name!r}", row.item)
            elif row.viewer not in viewers:
                self._refuse(row.row, "viewer", f"is not in catalogue {name!r}", row.viewer)
            else:
                endorsement = Endorsement(
                    system=system,
                    item_id=items[row.item],
                    viewer_id=viewers[row.viewer],
                    sample=row.sample,
                    text=row.text,
                    text_sha256=sha256(row.text.encode()).hexdigest(),
                )
                resolved.append((row, endorsement))
        return resolved

    def _catalogue(self, name: str) -> Catalogue | None:
        if name not in self._catalogues:
            self._catalogues[name] = Catalogue.objects.filter(name=name).first()
        return self._catalogues[name]

    def _system(self, catalogue: Catalogue, row: EndorsementRow) -> System | None:
        key = (catalogue.pk, row.system)
        if key not in self._systems:
            self._systems[key], made = System.objects.get_or_create(
                catalogue=catalogue,
                name=row.system,
                defaults={"title": row.system_title or row.system, "kind": System.Kind.IMPORT},
            )
            self.systems_new += made
        system = self._systems[key]
        return system if system.kind == System.Kind.IMPORT else None

    @staticmethod
    def _stored(endorsements: list[Endorsement]) -> dict[tuple[int, int, int, int], str]:
        rows = Endorsement.objects.filter(
            system__in={e.system_id for e in endorsements},
            item__in={e.item_id for e in endorsements},
            viewer__in={e.viewer_id for e in endorsements},
        ).values_list("system_id", "item_id", "viewer_id", "sample", "text_sha256")
        return {(system, item, viewer, sample): digest for system, item, viewer, sample, digest in rows}


def _key(endorsement: Endorsement) -> tuple[int, int, int, int]:
    return endorsement.system_id, endorsement.item_id, endorsement.viewer_id, endorsement.sample


def _ids(model: type[Item] | type[Viewer], catalogue: Catalogue, external_ids: set[str]) -> dict[str, int]:
    rows = model.objects.filter(catalogue=catalogue, external_id__in=external_ids)
    return dict(rows.values_list("external_id", "pk"))
