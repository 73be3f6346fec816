"""The pages of runs. What an account may not see does not exist for it."""

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from annotations.models import Run
from annotations.queries.access import runs_visible_to
from annotations.queries.runs import (
    consumers_of,
    inputs_of,
    latest_samples,
    log_tail,
    metric_series,
    run_line,
    with_lines,
)
from annotations.services.runs import cancel_run
from annotations.views.runs.charts import Figure, line_chart

PER_PAGE = 25
LOG_LINES = 200
SAMPLES = 8


@require_safe
@login_required
def run_list(request: HttpRequest) -> HttpResponse:
    """Runs newest first; the stages of a pipeline under it."""
    runs = with_lines(runs_visible_to(request.user).filter(pipeline=None)).order_by("-pk")
    status = request.GET.get("status", "")
    if status in Run.Status.values:
        runs = runs.filter(status=status)
    page = Paginator(runs, PER_PAGE).get_page(request.GET.get("page"))
    now = timezone.now()
    lines = [run_line(run, now=now, stages=run.stages.all()) for run in page.object_list]
    context = {
        "page": page,
        "lines": lines,
        "any_active": any(line.is_active for line in lines),
        "status": status,
        "statuses": Run.Status.choices,
    }
    template = "runs/_list.html" if request.headers.get("HX-Request") else "runs/list.html"
    return _fresh(render(request, template, context))


@require_safe
@login_required
def run_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One run with all it read, wrote and said."""
    run = _visible_run(request, pk)
    context = _live_context(request, run) | {
        "inputs": inputs_of(run, runs_visible_to(request.user)),
        "config": json.dumps(run.config, indent=2, ensure_ascii=False, sort_keys=True),
    }
    return _fresh(render(request, "runs/detail.html", context))


@require_safe
@login_required
def run_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the run's page that changes, asked for every two seconds while the run is active."""
    return _fresh(render(request, "runs/_live.html", _live_context(request, _visible_run(request, pk))))


@require_POST
@login_required
def run_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the run to stop. Whoever sees a run started it, owns its catalogue or is staff: all may stop it."""
    run = _visible_run(request, pk)
    run = cancel_run(run_id=run.pk)
    if run.status == Run.Status.CANCELLING:
        messages.info(request, "The run stops at its next step.")
    elif run.status == Run.Status.CANCELLED:
        messages.success(request, "The run is cancelled.")
    else:
        messages.info(request, f"The run had ended before: {run.get_status_display().lower()}.")
    return redirect("run_detail", pk=pk)


def _visible_run(request: HttpRequest, pk: int) -> Run:
    runs = runs_visible_to(request.user).select_related("catalogue", "pipeline", "started_by", "study")
    run = runs.filter(pk=pk).first()
    if run is None:
        raise Http404(f"no run {pk}")
    return run


def _live_context(request: HttpRequest, run: Run) -> dict[str, Any]:
    series = metric_series(run.pk)
    figures = [Figure(key, value) for key, value in run.result.items() if not isinstance(value, dict | list)]
    rest = {key: value for key, value in run.result.items() if isinstance(value, dict | list) and value}
    stages = (
        list(run.stages.select_related("catalogue").order_by("position", "pk"))
        if run.kind == "pipeline"
        else []
    )
    return {
        "run": run,
        "line": run_line(run, stages=stages),
        "result": figures,
        "result_rest": json.dumps(rest, indent=2, ensure_ascii=False) if rest else "",
        "charts": [line_chart(s.name, s.points) for s in series if len(s.points) > 1],
        "figures": [
            Figure(s.name, s.points[0][1])
            for s in series
            if len(s.points) == 1 and run.result.get(s.name) != s.points[0][1]
        ],
        "log": log_tail(run.pk, lines=LOG_LINES),
        "samples": latest_samples(run.pk, count=SAMPLES),
        "artifacts": list(run.artifacts.order_by("role")),
        "consumers": consumers_of(run, runs_visible_to(request.user)),
    }


def _fresh(response: HttpResponse) -> HttpResponse:
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "HX-Request, Cookie"
    return response
