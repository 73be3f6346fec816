"""What a study page checks first: an outsider gets 404, a member without the right 403."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from annotations.models import Study
from annotations.queries.access import StudyRole, role_in_study, studies_visible_to


def study_for(request: HttpRequest, name: str, *, to_edit: bool = False) -> tuple[Study, StudyRole]:
    """The study and what the account is to it.

    Raises:
        Http404: there is no such study, or the account may not know of it.
        PermissionDenied: the account may see it but not change it.
    """
    study = studies_visible_to(request.user).select_related("catalogue", "owner").filter(name=name).first()
    role = role_in_study(request.user, study) if study is not None else None
    if study is None or role is None:
        raise Http404(f"no study {name!r}")
    if to_edit and not role.may_edit:
        raise PermissionDenied
    return study, role
