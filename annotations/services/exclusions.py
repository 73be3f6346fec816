"""Decisions to leave a rater's answers out of every metric, or to count them again. Never automatic."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from annotations.models import Enrolment
from annotations.services.audit import record_event


class ExclusionError(ValueError):
    """The decision cannot be taken as it stands."""


@transaction.atomic
def exclude_rater(*, enrolment_id: int, reason: str, account: AbstractBaseUser | None = None) -> Enrolment:
    """Leave the rater's answers in this study out of every metric; they stay in exports, marked.

    Raises:
        ExclusionError: without a reason, or if the rater is excluded already.
    """
    reason = reason.strip()
    if not reason:
        raise ExclusionError("a reason is needed to exclude a rater")
    enrolment = _lock(enrolment_id)
    if enrolment.is_excluded:
        raise ExclusionError("this rater is excluded already")
    return _decide(enrolment, True, reason, account, "rater.excluded")


@transaction.atomic
def include_rater(*, enrolment_id: int, reason: str, account: AbstractBaseUser | None = None) -> Enrolment:
    """Count an excluded rater's answers again.

    Raises:
        ExclusionError: without a reason, or if the rater is not excluded.
    """
    reason = reason.strip()
    if not reason:
        raise ExclusionError("a reason is needed to count a rater again")
    enrolment = _lock(enrolment_id)
    if not enrolment.is_excluded:
        raise ExclusionError("this rater is not excluded")
    return _decide(enrolment, False, reason, account, "rater.included")


def _lock(enrolment_id: int) -> Enrolment:
    return (
        Enrolment.objects.select_for_update(of=("self",))
        .select_related("study", "rater")
        .get(pk=enrolment_id)
    )


def _decide(
    enrolment: Enrolment, is_excluded: bool, reason: str, account: AbstractBaseUser | None, action: str
) -> Enrolment:
    enrolment.is_excluded = is_excluded
    enrolment.exclusion_reason = reason if is_excluded else ""
    enrolment.save(update_fields=["is_excluded", "exclusion_reason"])
    record_event(
        action=action,
        object_kind="rater",
        object_id=enrolment.rater.public_id,
        study=enrolment.study,
        account=account,
        data={"reason": reason},
    )
    return enrolment
