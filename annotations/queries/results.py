"""The numbers of a study from its rows in the database: the same library, the same rows as an export."""

from annotations.metrics.labels import LabelTable
from annotations.metrics.results import Contrast as DeclaredContrast
from annotations.metrics.results import StudyResults, study_results
from annotations.models import Contrast, Enrolment, Study
from annotations.queries.labels import label_rows


def declared_contrasts(study_id: int) -> tuple[DeclaredContrast, ...]:
    """The study's contrasts in their declared order."""
    rows = Contrast.objects.filter(study_id=study_id).order_by("position")
    return tuple(
        DeclaredContrast(test, baseline)
        for test, baseline in rows.values_list("test_system__name", "baseline_system__name")
    )


def excluded_rater_ids(study_id: int) -> tuple[str, ...]:
    """Pseudonyms of the raters whose answers count in no metric, sorted."""
    rows = Enrolment.objects.filter(study_id=study_id, is_excluded=True)
    return tuple(sorted(str(public_id) for public_id in rows.values_list("rater__public_id", flat=True)))


def results_of_study(study_id: int) -> StudyResults:
    """Every metric of every declared contrast, each kind of rater apart. Source: eq. 11, eq. 12."""
    return study_results(
        LabelTable.from_rows(label_rows(study_id)),
        contrasts=declared_contrasts(study_id),
        excluded_raters=excluded_rater_ids(study_id),
    )


def is_blinded(study: Study) -> bool:
    """Whether pages must keep the numbers to themselves for now."""
    return study.blinded_until_close and study.status != Study.Status.CLOSED
