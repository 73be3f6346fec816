"""What a rater's page shows, and nothing that would tell the systems apart."""

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import F, QuerySet

from annotations.assignment.questions import in_order
from annotations.models import Assignment, Draft, SampledAttribute
from annotations.queries.claims import rater_progress

_READING_WORDS_PER_S = 4.0
_S_PER_QUESTION = 6.0


@dataclass(frozen=True, slots=True)
class FormPlan:
    """Which questions a form asks and which answers it takes."""

    questions: tuple[str, ...]
    attributes: tuple[str, ...]
    wording: Mapping[str, str]
    ties: bool
    both_bad: bool
    skip: bool


@dataclass(frozen=True, slots=True)
class WorkPage:
    """One comparison as the rater sees it. ``total`` is how many the rater may judge at most."""

    public_id: uuid.UUID
    study_title: str
    item_title: str
    item_description: str
    endorsement_a: str
    endorsement_b: str
    form: FormPlan
    draft: Mapping[str, str]
    answered: int
    total: int
    has_quota: bool
    typical_s: float

    @property
    def number(self) -> int:
        """Which one this is for the rater, from 1."""
        return self.answered + 1

    @property
    def minutes_each(self) -> int:
        return max(1, math.ceil(self.typical_s / 60))

    @property
    def minutes_left(self) -> int:
        return max(1, math.ceil(self.typical_s * (self.total - self.answered) / 60))


def form_plan(*, enrolment_id: int, public_id: uuid.UUID) -> FormPlan | None:
    """The form of one of this rater's assignments that may still be answered, in two queries."""
    assignment = (
        _with_study(Assignment.objects.filter(enrolment_id=enrolment_id, public_id=public_id))
        .exclude(status=Assignment.Status.RETURNED)
        .first()
    )
    return None if assignment is None else _form_plan(assignment)


def work_page(*, enrolment_id: int, public_id: uuid.UUID) -> WorkPage:
    """The page of one of this rater's assignments, in four queries whatever the study's size."""
    assignment = _with_study(
        Assignment.objects.select_related("comparison__test_endorsement", "comparison__baseline_endorsement"),
        "comparison__item_title",
        "comparison__item_description",
        "comparison__test_endorsement__text",
        "comparison__baseline_endorsement__text",
    ).get(enrolment_id=enrolment_id, public_id=public_id)
    draft = Draft.objects.filter(assignment=assignment).values_list("answers", flat=True).first()
    study, comparison = assignment.study, assignment.comparison
    texts = (comparison.test_endorsement.text, comparison.baseline_endorsement.text)
    text_a, text_b = texts if assignment.position_of_test == "A" else reversed(texts)
    form = _form_plan(assignment)
    progress = rater_progress(enrolment_id)
    return WorkPage(
        public_id=assignment.public_id,
        study_title=study.title,
        item_title=comparison.item_title,
        item_description=comparison.item_description,
        endorsement_a=text_a,
        endorsement_b=text_b,
        form=form,
        draft=draft or {},
        answered=progress.answered,
        total=study.assignments_per_rater or assignment.comparison_count,
        has_quota=study.assignments_per_rater is not None,
        typical_s=progress.typical_s or _guess_s(comparison.item_description, text_a, text_b, form),
    )


def _with_study(assignments: QuerySet[Assignment], *fields: str) -> QuerySet[Assignment]:
    """With what a form needs of the study, but not its long texts and lists."""
    return (
        assignments.select_related("study")
        .only(
            "public_id",
            "position_of_test",
            "comparison_id",
            "study__title",
            "study__questions",
            "study__ties_allowed",
            "study__both_bad_allowed",
            "study__skip_allowed",
            "study__assignments_per_rater",
            *fields,
        )
        .annotate(
            wording=F("study__manifest__wording"),
            comparison_count=F("study__manifest__comparisons__count"),
        )
    )


def _form_plan(assignment: Assignment) -> FormPlan:
    study = assignment.study
    attributes = SampledAttribute.objects.filter(comparison_id=assignment.comparison_id).order_by("position")
    return FormPlan(
        questions=tuple(in_order(study.questions)),
        attributes=tuple(attributes.values_list("text", flat=True)),
        wording=assignment.wording,  # type: ignore[attr-defined]
        ties=study.ties_allowed,
        both_bad=study.both_bad_allowed,
        skip=study.skip_allowed,
    )


def _guess_s(description: str, text_a: str, text_b: str, form: FormPlan) -> float:
    """Reading time plus a moment for each question, before the rater's own pace is known."""
    words = sum(len(text.split()) for text in (description, text_a, text_b, *form.attributes))
    questions = len(form.questions) + 2 * len(form.attributes)
    return words / _READING_WORDS_PER_S + _S_PER_QUESTION * questions
