"""The results page."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotations.models import Contrast
from annotations.queries.results import is_blinded, results_of_study
from annotations.queries.study_progress import has_answers
from annotations.views.access import study_for
from annotations.views.results.presentation import present


@require_safe
@login_required
def study_results(request: HttpRequest, name: str) -> HttpResponse:
    """Win rates and Pcov of every contrast, with intervals and counts; nothing of them while blinded."""
    study, _ = study_for(request, name)
    blinded = is_blinded(study)
    context = {"study": study, "blinded": blinded, "has_answers": has_answers(study.pk)}
    if not blinded and context["has_answers"]:
        rows = Contrast.objects.filter(study=study).select_related("test_system", "baseline_system")
        titles = {
            system.name: system.title for row in rows for system in (row.test_system, row.baseline_system)
        }
        context["results"] = present(results_of_study(study.pk), titles)
    response = render(request, "results/results.html", context)
    response.headers["Cache-Control"] = "private, no-cache"
    return response
