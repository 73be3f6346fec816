"""What a rater holds and has done."""

from dataclasses import dataclass

from django.db.models import Avg, Count, FloatField, Q, Value
from django.db.models.functions import Least

from annotations.models import Assignment, Enrolment, Invitation

# A rater who leaves the page open over lunch should not be told that hours of work are left.
_LONGEST_COUNTED_S = 600.0
_ANSWERED = ("submitted", "surplus")
_HEAVY = ("study__manifest", "study__spec", "study__consent", "study__instructions")


@dataclass(frozen=True, slots=True)
class Progress:
    """How many comparisons a rater has judged and their usual time for one, if known."""

    answered: int
    typical_s: float | None


def invitation_with_token_hash(token_sha256: str) -> Invitation | None:
    """The invitation and its study, without the study's long texts."""
    return Invitation.objects.select_related("study").defer(*_HEAVY).filter(token_sha256=token_sha256).first()


def enrolment_with_token_hash(study_id: int, token_sha256: str) -> Enrolment | None:
    """The enrolment in the study that this token belongs to."""
    return Enrolment.objects.filter(study_id=study_id, token_sha256=token_sha256).first()


def rater_progress(enrolment_id: int) -> Progress:
    """The rater's progress, in one query."""
    found = Assignment.objects.filter(enrolment_id=enrolment_id, status__in=_ANSWERED).aggregate(
        answered=Count("pk"),
        typical_s=Avg(
            Least("judgments__duration_s", Value(_LONGEST_COUNTED_S), output_field=FloatField()),
            filter=Q(judgments__revision=0),
        ),
    )
    return Progress(answered=found["answered"], typical_s=found["typical_s"])
