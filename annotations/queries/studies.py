"""Studies: finding one, and how far it has come."""

from dataclasses import dataclass
from difflib import get_close_matches

from django.db.models import Count, Q

from annotations.models import Slot, Study


class UnknownStudyError(LookupError):
    """No study has this name or number; the message lists names that exist."""


@dataclass(frozen=True, slots=True)
class SlotCounts:
    """How many slots of a study are in which state."""

    open: int
    leased: int
    filled: int
    void: int

    @property
    def planned(self) -> int:
        return self.open + self.leased + self.filled + self.void


def find_study(reference: str) -> Study:
    """The study with this name or, if the reference is a number, this id.

    Raises:
        UnknownStudyError: there is none.
    """
    wanted = Q(name=reference)
    if reference.isascii() and reference.isdigit():
        wanted |= Q(pk=int(reference))
    study = Study.objects.filter(wanted).order_by("pk").first()
    if study is None:
        names = list(Study.objects.order_by("-pk").values_list("name", flat=True))
        near = get_close_matches(reference, names, cutoff=0.5)
        hint = f"near it: {', '.join(near)}" if near else f"latest: {', '.join(names[:10]) or 'none'}"
        raise UnknownStudyError(f"there is no study {reference!r} ({hint})")
    return study


def has_open_slot(study_id: int) -> bool:
    """Whether anything can be claimed in the study by somebody who has judged nothing yet."""
    return Slot.objects.filter(study_id=study_id, status=Slot.Status.OPEN).exists()


def count_slots(study_id: int) -> SlotCounts:
    """The study's slots by state, in one query."""
    counts = Slot.objects.filter(study_id=study_id).aggregate(
        **{status: Count("pk", filter=Q(status=status)) for status in Slot.Status.values}
    )
    return SlotCounts(**counts)
