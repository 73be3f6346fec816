"""How far studies have come: by study, by kind of rater, by comparison, by rater."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Avg, Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from annotations.models import (
    Assignment,
    AuditEvent,
    Comparison,
    Enrolment,
    Invitation,
    Judgment,
    Slot,
    Study,
)

KINDS = ("human", "ai", "bot")
_ANSWERED = (Assignment.Status.SUBMITTED, Assignment.Status.SURPLUS)


def annotate_progress(studies: QuerySet[Study]) -> QuerySet[Study]:
    """Each study with ``planned`` and ``filled``, its numbers of slots, and without its large columns."""

    def slots(**wanted: str) -> Coalesce:
        counted = Slot.objects.filter(study=OuterRef("pk"), **wanted).order_by().values("study")
        return Coalesce(Subquery(counted.annotate(number=Count("pk")).values("number")), 0)

    return (
        studies.select_related("catalogue", "owner")
        .defer("manifest", "spec", "consent", "instructions")
        .annotate(planned=slots(), filled=slots(status=Slot.Status.FILLED))
    )


@dataclass(frozen=True, slots=True)
class KindProgress:
    """What raters of one kind have done in a study."""

    kind: str
    raters: int
    finished: int
    submitted: int
    surplus: int


def progress_by_kind(study_id: int) -> list[KindProgress]:
    """One entry for each kind of rater that is enrolled, people first. Two queries."""
    enrolled = (
        Enrolment.objects.filter(study_id=study_id)
        .values_list("rater__kind")
        .annotate(raters=Count("pk"), finished=Count("pk", filter=Q(status=Enrolment.Status.FINISHED)))
    )
    answered = (
        Assignment.objects.filter(study_id=study_id, status__in=_ANSWERED)
        .values_list("enrolment__rater__kind")
        .annotate(
            submitted=Count("pk", filter=Q(status=Assignment.Status.SUBMITTED)),
            surplus=Count("pk", filter=Q(status=Assignment.Status.SURPLUS)),
        )
    )
    answers = {kind: (submitted, surplus) for kind, submitted, surplus in answered}
    entries = [
        KindProgress(kind, raters, finished, *answers.get(kind, (0, 0)))
        for kind, raters, finished in enrolled
    ]
    return sorted(entries, key=lambda entry: KINDS.index(entry.kind))


@dataclass(frozen=True, slots=True)
class ComparisonProgress:
    """How many of a comparison's planned showings were answered, and by whom."""

    number: int
    item_title: str
    viewer: str
    test_system: str
    is_gold: bool
    planned: int
    filled: int
    by_kind: Mapping[str, int] = field(default_factory=dict)


def comparisons_of(study_id: int) -> QuerySet[Comparison]:
    """The study's comparisons in order, for paging, without their long texts."""
    return (
        Comparison.objects.filter(study_id=study_id)
        .select_related("viewer", "contrast__test_system")
        .defer("item_description", "gold_answers")
        .order_by("number")
    )


def progress_of(comparisons: Sequence[Comparison]) -> list[ComparisonProgress]:
    """Progress of one page of comparisons, in two queries however many there are."""
    ids = [comparison.pk for comparison in comparisons]
    slots = {
        comparison_id: (planned, filled)
        for comparison_id, planned, filled in Slot.objects.filter(comparison__in=ids)
        .values_list("comparison_id")
        .annotate(planned=Count("pk"), filled=Count("pk", filter=Q(status=Slot.Status.FILLED)))
    }
    kinds: dict[int, dict[str, int]] = defaultdict(dict)
    answered = Assignment.objects.filter(comparison__in=ids, status__in=_ANSWERED)
    for comparison_id, kind, number in answered.values_list(
        "comparison_id", "enrolment__rater__kind"
    ).annotate(number=Count("pk")):
        kinds[comparison_id][kind] = number
    return [
        ComparisonProgress(
            comparison.number,
            comparison.item_title,
            comparison.viewer.external_id,
            comparison.contrast.test_system.name,
            comparison.is_gold,
            *slots.get(comparison.pk, (0, 0)),
            by_kind={kind: kinds[comparison.pk][kind] for kind in KINDS if kind in kinds[comparison.pk]},
        )
        for comparison in comparisons
    ]


@dataclass(frozen=True, slots=True)
class RaterLine:
    """One rater's part in a study."""

    enrolment_id: int
    public_id: UUID
    kind: str
    status: str
    is_excluded: bool
    exclusion_reason: str
    answered: int
    mean_duration_s: float | None
    enrolled_at: datetime


def raters_of(study_id: int) -> QuerySet[Enrolment]:
    """The study's enrolments with what they answered, in the order they came."""
    answered = Assignment.objects.filter(enrolment=OuterRef("pk"), status__in=_ANSWERED).order_by()
    durations = Judgment.objects.filter(
        assignment__enrolment=OuterRef("pk"), assignment__status__in=_ANSWERED, revision=0
    ).order_by()
    return (
        Enrolment.objects.filter(study_id=study_id)
        .select_related("rater")
        .annotate(
            answered=Coalesce(
                Subquery(answered.values("enrolment").annotate(number=Count("pk")).values("number")), 0
            ),
            mean_duration_s=Subquery(
                durations.values("assignment__enrolment").annotate(mean=Avg("duration_s")).values("mean")
            ),
        )
        .order_by("pk")
    )


def rater_lines(enrolments: Sequence[Enrolment]) -> list[RaterLine]:
    """One page of ``raters_of`` as records."""
    return [
        RaterLine(
            enrolment.pk,
            enrolment.rater.public_id,
            enrolment.rater.kind,
            enrolment.status,
            enrolment.is_excluded,
            enrolment.exclusion_reason,
            enrolment.answered,  # type: ignore[attr-defined]
            enrolment.mean_duration_s,  # type: ignore[attr-defined]
            enrolment.created_at,
        )
        for enrolment in enrolments
    ]


def invitations_of(study_id: int) -> QuerySet[Invitation]:
    """The study's links, newest first, each with ``entered``: how many raters came by it."""
    return Invitation.objects.filter(study_id=study_id).annotate(entered=Count("enrolment")).order_by("-pk")


def events_of(study_id: int) -> QuerySet[AuditEvent]:
    """The study's audit log, newest first."""
    return AuditEvent.objects.filter(study_id=study_id).select_related("account").order_by("-pk")


def has_answers(study_id: int) -> bool:
    """Whether anybody has answered anything in the study."""
    answered = Assignment.objects.filter(study_id=study_id, status__in=_ANSWERED)
    return Study.objects.filter(Exists(answered), pk=study_id).exists()
