"""The pages of catalogues: what was imported, and what is known of each item and viewer."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from annotations.models import Catalogue
from annotations.queries.access import catalogues_visible_to, runs_visible_to, studies_visible_to
from annotations.queries.catalogues import (
    attributes_of,
    endorsements_about,
    items_of,
    ratings_of,
    summarize,
    viewers_of,
    with_counts,
)
from annotations.queries.runs import run_line, with_lines
from annotations.views.runs.charts import bar_chart

PER_PAGE = 50
LATEST_RUNS = 5
TEXTS_PER_PAGE = 20
SEARCH_LENGTH = 200


@require_safe
@login_required
def catalogue_list(request: HttpRequest) -> HttpResponse:
    catalogues = with_counts(catalogues_visible_to(request.user)).order_by("-pk")
    page = Paginator(catalogues, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "catalogues/list.html", {"page": page})


@require_safe
@login_required
def catalogue_detail(request: HttpRequest, name: str) -> HttpResponse:
    """Counts, coverage of descriptions and profiles, the ratings' histogram and sparsity."""
    catalogue = _visible_catalogue(request, name)
    summary = summarize(catalogue)
    runs = runs_visible_to(request.user).filter(catalogue=catalogue, pipeline=None)
    latest = with_lines(runs).order_by("-pk")[:LATEST_RUNS]
    context = {
        "catalogue": catalogue,
        "summary": summary,
        "bars": bar_chart(summary.histogram, width=640, height=160),
        "studies": studies_visible_to(request.user).filter(catalogue=catalogue).order_by("-pk")[:PER_PAGE],
        "runs": [run_line(run, stages=run.stages.all()) for run in latest],
    }
    return render(request, "catalogues/detail.html", context)


@require_safe
@login_required
def item_list(request: HttpRequest, name: str) -> HttpResponse:
    catalogue = _visible_catalogue(request, name)
    words, bare = _words(request), request.GET.get("description") == "missing"
    items = items_of(catalogue, words=words, without_description=bare)
    page = Paginator(items, PER_PAGE).get_page(request.GET.get("page"))
    context = {"catalogue": catalogue, "page": page, "words": words, "without_description": bare}
    return render(request, "catalogues/items.html", context)


@require_safe
@login_required
def item_detail(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """One item with its description and the texts about it."""
    catalogue = _visible_catalogue(request, name)
    item = get_object_or_404(catalogue.items, pk=pk)
    page = Paginator(endorsements_about(item=item), TEXTS_PER_PAGE).get_page(request.GET.get("page"))
    context = {"catalogue": catalogue, "item": item, "tags": item.metadata.get("tags", []), "page": page}
    return render(request, "catalogues/item.html", context)


@require_safe
@login_required
def viewer_list(request: HttpRequest, name: str) -> HttpResponse:
    catalogue = _visible_catalogue(request, name)
    words, profiled = _words(request), request.GET.get("profile") == "there"
    viewers = viewers_of(catalogue, words=words, with_profile=profiled)
    page = Paginator(viewers, PER_PAGE).get_page(request.GET.get("page"))
    context = {"catalogue": catalogue, "page": page, "words": words, "with_profile": profiled}
    return render(request, "catalogues/viewers.html", context)


@require_safe
@login_required
def viewer_detail(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """One viewer with profile, evidence, ratings and the texts for them."""
    catalogue = _visible_catalogue(request, name)
    viewer = get_object_or_404(catalogue.viewers.select_related("catalogue"), pk=pk)
    profile, attributes = attributes_of(viewer)
    page = Paginator(endorsements_about(viewer=viewer), TEXTS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "catalogue": catalogue,
        "viewer": viewer,
        "profile": profile,
        "attributes": attributes,
        "ratings": ratings_of(viewer),
        "page": page,
    }
    return render(request, "catalogues/viewer.html", context)


def _visible_catalogue(request: HttpRequest, name: str) -> Catalogue:
    catalogues = catalogues_visible_to(request.user).select_related("ratings", "owner")
    catalogue = catalogues.filter(name=name).first()
    if catalogue is None:
        raise Http404(f"no catalogue {name!r}")
    return catalogue


def _words(request: HttpRequest) -> str:
    """The search words; a NUL, which the database refuses, finds nothing anyway."""
    return request.GET.get("q", "").replace("\0", " ").strip()[:SEARCH_LENGTH]
