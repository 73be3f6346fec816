"""What is going on: open studies, latest runs, catalogues."""

from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotations.models import Study
from annotations.queries.access import catalogues_visible_to, runs_visible_to, studies_visible_to
from annotations.queries.study_progress import annotate_progress

_STUDIES, _RUNS, _CATALOGUES = 6, 8, 8


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Open and paused studies with their progress, the latest runs, and the catalogues."""
    studies = studies_visible_to(request.user)
    running = studies.filter(status__in=[Study.Status.OPEN, Study.Status.PAUSED])
    context = {
        "running": annotate_progress(running).order_by("-launched_at")[:_STUDIES],
        "closed": studies.filter(status=Study.Status.CLOSED).order_by("-closed_at")[:_STUDIES],
        "runs": runs_visible_to(request.user)
        .filter(pipeline=None)
        .select_related("catalogue")
        .order_by("-pk")[:_RUNS],
        "catalogues": catalogues_visible_to(request.user)
        .annotate(item_count=Count("items"))
        .order_by("title")[:_CATALOGUES],
    }
    return render(request, "home/home.html", context)
