"""Who may see and do what. Every page asks here; what an account may not see does not exist for it (404)."""

from enum import StrEnum

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Q, QuerySet

from annotations.models import Catalogue, Run, Study, StudyMember

Account = AbstractBaseUser | AnonymousUser


class StudyRole(StrEnum):
    """What an account is to a study. Staff act as owners."""

    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"

    @property
    def may_edit(self) -> bool:
        """Change its state, invite raters, decide on exclusions."""
        return self is not StudyRole.VIEWER


def studies_visible_to(account: Account) -> QuerySet[Study]:
    """Studies the account owns or is a member of; all of them for staff."""
    if not account.is_authenticated:
        return Study.objects.none()
    if _is_staff(account):
        return Study.objects.all()
    member_of = StudyMember.objects.filter(account_id=account.pk).values("study_id")
    return Study.objects.filter(Q(owner_id=account.pk) | Q(pk__in=member_of))


def role_in_study(account: Account, study: Study) -> StudyRole | None:
    """The account's role in the study, or None for an outsider. No query for staff and the owner."""
    if not account.is_authenticated:
        return None
    if _is_staff(account) or study.owner_id == account.pk:
        return StudyRole.OWNER
    role = (
        StudyMember.objects.filter(study=study, account_id=account.pk).values_list("role", flat=True).first()
    )
    return StudyRole(role) if role else None


def catalogues_visible_to(account: Account) -> QuerySet[Catalogue]:
    """Catalogues the account owns, and those its studies draw from; all of them for staff."""
    if not account.is_authenticated:
        return Catalogue.objects.none()
    if _is_staff(account):
        return Catalogue.objects.all()
    studied = studies_visible_to(account).values("catalogue_id")
    return Catalogue.objects.filter(Q(owner_id=account.pk) | Q(pk__in=studied))


def runs_visible_to(account: Account) -> QuerySet[Run]:
    """Runs the account started or that belong to a catalogue it owns; all of them for staff."""
    if not account.is_authenticated:
        return Run.objects.none()
    if _is_staff(account):
        return Run.objects.all()
    return Run.objects.filter(Q(started_by_id=account.pk) | Q(catalogue__owner_id=account.pk))


def _is_staff(account: Account) -> bool:
    return bool(getattr(account, "is_active", False) and getattr(account, "is_staff", False))
