"""A study's numbers and its labels."""

from django.urls import path

from annotations.views.results import downloads, pages

urlpatterns = [
    path("studies/<slug:name>/results/", pages.study_results, name="study_results"),
    path("studies/<slug:name>/results.json", downloads.results_json, name="study_results_json"),
    path("studies/<slug:name>/labels.csv", downloads.labels_csv, name="study_labels_csv"),
    path("studies/<slug:name>/labels.jsonl", downloads.labels_jsonl, name="study_labels_jsonl"),
    path("studies/<slug:name>/labels.manifest.json", downloads.labels_manifest, name="study_labels_manifest"),
]
