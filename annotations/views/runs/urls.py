"""Runs: the list, a run's page, its live part, and cancelling."""

from django.urls import path

from annotations.views.runs import pages

urlpatterns = [
    path("runs/", pages.run_list, name="run_list"),
    path("runs/<int:pk>/", pages.run_detail, name="run_detail"),
    path("runs/<int:pk>/live/", pages.run_live, name="run_live"),
    path("runs/<int:pk>/cancel/", pages.run_cancel, name="run_cancel"),
]
