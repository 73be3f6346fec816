"""What an editor may do to a study: every one a POST, every one in the audit log."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from annotations.models import Enrolment, Invitation, Study
from annotations.services.exclusions import ExclusionError, exclude_rater, include_rater
from annotations.services.invitations import create_invitation, revoke_invitation
from annotations.services.studies import StudyStateError, close_study, pause_study, resume_study
from annotations.views.access import study_for
from annotations.views.studies.forms import DecisionForm, LinkForm
from annotations.views.studies.pages import render_raters, render_study


@require_POST
@login_required
def pause(request: HttpRequest, name: str) -> HttpResponse:
    """Hand out no more work for now."""
    return _change_state(
        request, name, pause_study, "Paused. Raters finish what they hold; nobody gets more."
    )


@require_POST
@login_required
def resume(request: HttpRequest, name: str) -> HttpResponse:
    """Hand out work again."""
    return _change_state(request, name, resume_study, "Open again.")


@require_POST
@login_required
def close(request: HttpRequest, name: str) -> HttpResponse:
    """End the study for good."""
    return _change_state(
        request, name, close_study, "Closed. What arrives now is kept but counts in no number."
    )


def _change_state(request: HttpRequest, name: str, service: Callable[..., Study], done: str) -> HttpResponse:
    study, _ = study_for(request, name, to_edit=True)
    account: Any = request.user
    try:
        service(study_id=study.pk, account=account)
    except StudyStateError as error:
        messages.error(request, f"Not done: {error}.")
    else:
        messages.success(request, done)
    return redirect("study_detail", name=study.name)


@never_cache
@require_POST
@login_required
def create_link(request: HttpRequest, name: str) -> HttpResponse:
    """Make a link for raters and show it this once: only its hash is kept."""
    study, role = study_for(request, name, to_edit=True)
    form = LinkForm(request.POST)
    if not form.is_valid():
        return render_study(request, study, role, link_form=form, status=422)
    account: Any = request.user
    new = create_invitation(
        study=study,
        rater_kind=form.cleaned_data["rater_kind"],
        max_raters=form.cleaned_data["max_raters"],
        created_by=account,
    )
    return render_study(request, study, role, new_link=request.build_absolute_uri(new.path))


@require_POST
@login_required
def revoke_link(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """Let nobody enter by a link any more."""
    study, _ = study_for(request, name, to_edit=True)
    invitation = Invitation.objects.filter(study=study, pk=pk).first()
    if invitation is None:
        raise Http404(f"no link {pk}")
    account: Any = request.user
    revoke_invitation(invitation=invitation, revoked_by=account)
    messages.success(request, f"Link {pk} is revoked. Raters who entered by it go on.")
    return redirect("study_detail", name=study.name)


@require_POST
@login_required
def decide_on_rater(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """Exclude a rater's answers, or count them again, with a reason."""
    study, role = study_for(request, name, to_edit=True)
    if not Enrolment.objects.filter(study=study, pk=pk).exists():
        raise Http404(f"no rater {pk}")
    form = DecisionForm(request.POST)
    account: Any = request.user
    if form.is_valid():
        decide = exclude_rater if form.cleaned_data["decision"] == "exclude" else include_rater
        try:
            decide(enrolment_id=pk, reason=form.cleaned_data["reason"], account=account)
        except ExclusionError as error:
            messages.error(request, f"Not done: {error}.")
        return redirect("study_raters", name=study.name)
    return render_raters(request, study, role, refused=(pk, form), status=422)
