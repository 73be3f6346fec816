"""Pausing, resuming and closing a launched study."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from annotations.models import Slot, Study
from annotations.services.audit import record_event


class StudyStateError(ValueError):
    """The study's state does not allow this."""


def pause_study(*, study_id: int, account: AbstractBaseUser | None = None) -> Study:
    """Hand out no more work for now; raters finish what they hold.

    Raises:
        StudyStateError: the study is not open.
    """
    return _change(study_id, account, "study.paused", (Study.Status.OPEN,), Study.Status.PAUSED)


def resume_study(*, study_id: int, account: AbstractBaseUser | None = None) -> Study:
    """Hand out work again.

    Raises:
        StudyStateError: the study is not paused.
    """
    return _change(study_id, account, "study.resumed", (Study.Status.PAUSED,), Study.Status.OPEN)


@transaction.atomic
def close_study(*, study_id: int, account: AbstractBaseUser | None = None) -> Study:
    """End the study for good. What arrives later is kept as surplus and counts in no metric.

    Raises:
        StudyStateError: the study is neither open nor paused.
    """
    running = (Study.Status.OPEN, Study.Status.PAUSED)
    study = _change(study_id, account, "study.closed", running, Study.Status.CLOSED)
    unfilled = (Slot.Status.OPEN, Slot.Status.LEASED)
    Slot.objects.filter(study=study, status__in=unfilled).update(status=Slot.Status.VOID)
    return study


@transaction.atomic
def _change(
    study_id: int,
    account: AbstractBaseUser | None,
    action: str,
    allowed: tuple[str, ...],
    new: str,
) -> Study:
    study = Study.objects.select_for_update(no_key=True).get(pk=study_id)
    if study.status not in allowed:
        raise StudyStateError(f"the study {study.name!r} is {study.status}, not {' or '.join(allowed)}")
    study.status = new
    if new == Study.Status.CLOSED:
        study.closed_at = timezone.now()
    study.save(update_fields=["status", "closed_at"])
    record_event(account=account, action=action, study=study, object_kind="study", object_id=study.pk)
    return study
