"""The human side's routes."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("annotations.views.home.urls")),
    path("", include("annotations.views.studies.urls")),
    path("", include("annotations.views.results.urls")),
    path("", include("annotations.views.rater.urls")),
    path("", include("annotations.views.crowd.urls")),
    path("", include("annotations.views.runs.urls")),
    path("", include("annotations.views.catalogues.urls")),
]
