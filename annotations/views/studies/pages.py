"""The pages of studies that only show."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotations.models import AuditEvent, Study
from annotations.queries.access import StudyRole, studies_visible_to
from annotations.queries.results import is_blinded
from annotations.queries.studies import count_slots
from annotations.queries.study_progress import (
    annotate_progress,
    comparisons_of,
    events_of,
    invitations_of,
    progress_by_kind,
    progress_of,
    rater_lines,
    raters_of,
)
from annotations.views.access import study_for
from annotations.views.studies.forms import DecisionForm, LinkForm

_PER_PAGE = 25
_LATEST_EVENTS = 8


@require_safe
@login_required
def study_list(request: HttpRequest) -> HttpResponse:
    """Every study the account may see, newest first."""
    studies = annotate_progress(studies_visible_to(request.user)).order_by("-pk")
    page = Paginator(studies, _PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "studies/list.html", {"page": page})


@require_safe
@login_required
def study_detail(request: HttpRequest, name: str) -> HttpResponse:
    """A study's state, its progress, its links and its log."""
    study, role = study_for(request, name)
    return render_study(request, study, role)


def render_study(
    request: HttpRequest,
    study: Study,
    role: StudyRole,
    *,
    link_form: LinkForm | None = None,
    new_link: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """The study page; ``new_link`` is shown this once."""
    page = Paginator(comparisons_of(study.pk), _PER_PAGE).get_page(request.GET.get("page"))
    contrasts = list(study.contrasts.select_related("test_system", "baseline_system").order_by("position"))
    slots = count_slots(study.pk)
    context: dict[str, Any] = {
        "study": study,
        "role": role,
        "may_edit": role.may_edit,
        "blinded": is_blinded(study),
        "slots": slots,
        "percent_filled": round(100 * slots.filled / slots.planned) if slots.planned else 0,
        "kinds": progress_by_kind(study.pk),
        "contrasts": contrasts,
        "several_contrasts": len(contrasts) > 1,
        "page": page,
        "comparisons": progress_of(list(page.object_list)),
        "links": invitations_of(study.pk) if role.may_edit else [],
        "events": _worded(events_of(study.pk)[:_LATEST_EVENTS]) if role.may_edit else [],
        "link_form": link_form or LinkForm(),
        "new_link": new_link,
    }
    response = render(request, "studies/detail.html", context, status=status)
    response.headers["Cache-Control"] = "no-store" if new_link else "private, no-cache"
    return response


def _worded(events: Iterable[AuditEvent]) -> list[tuple[AuditEvent, str]]:
    """Each event with its action as words: rater.excluded as "rater excluded"."""
    return [(event, event.action.replace(".", " ").replace("_", " ")) for event in events]


@require_safe
@login_required
def study_raters(request: HttpRequest, name: str) -> HttpResponse:
    """Who takes part, by pseudonym, and whose answers were excluded."""
    study, role = study_for(request, name)
    return render_raters(request, study, role)


def render_raters(
    request: HttpRequest,
    study: Study,
    role: StudyRole,
    *,
    refused: tuple[int, DecisionForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The raters page; ``refused`` is a decision that could not be taken, with its errors."""
    page = Paginator(raters_of(study.pk), _PER_PAGE).get_page(request.GET.get("page"))
    refused_id, refused_form = refused or (None, None)
    context = {
        "study": study,
        "may_edit": role.may_edit,
        "page": page,
        "raters": rater_lines(list(page.object_list)),
        "refused_id": refused_id,
        "refused_form": refused_form,
    }
    return render(request, "studies/raters.html", context, status=status)
