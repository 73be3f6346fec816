"""A study's labels, their manifest and its numbers as files; refused while the study is blinded."""

import json
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotations.exports.study_labels import LabelFormat, label_chunks, manifest_text
from annotations.models import Study
from annotations.queries.results import is_blinded, results_of_study
from annotations.services.audit import record_event
from annotations.views.access import study_for

_CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson; charset=utf-8"}


@require_GET
@login_required
def labels_csv(request: HttpRequest, name: str) -> HttpResponseBase:
    """The label file as CSV, streamed."""
    return _labels(request, name, "csv")


@require_GET
@login_required
def labels_jsonl(request: HttpRequest, name: str) -> HttpResponseBase:
    """The label file as JSON Lines, streamed."""
    return _labels(request, name, "jsonl")


@require_GET
@login_required
def labels_manifest(request: HttpRequest, name: str) -> HttpResponseBase:
    """What analyze needs beside a label file. It holds no answers, so blinding does not keep it back."""
    study, _ = study_for(request, name)
    return _file(f"{study.name}.labels.manifest.json", "application/json", [manifest_text(study)])


@require_GET
@login_required
def results_json(request: HttpRequest, name: str) -> HttpResponseBase:
    """The numbers as ``study_results --json`` and ``analyze --json`` print them."""
    study, _ = study_for(request, name)
    if is_blinded(study):
        return _refuse(request, study)
    text = json.dumps(results_of_study(study.pk).as_dict(), allow_nan=False) + "\n"
    return _file(f"{study.name}.results.json", "application/json", [text])


def _labels(request: HttpRequest, name: str, label_format: LabelFormat) -> HttpResponseBase:
    study, _ = study_for(request, name)
    if is_blinded(study):
        return _refuse(request, study)
    account: Any = request.user
    record_event(
        action="labels.downloaded",
        object_kind="study",
        object_id=study.pk,
        study=study,
        account=account,
        data={"format": label_format},
    )
    chunks = label_chunks(study.pk, label_format)
    return _file(f"{study.name}.labels.{label_format}", _CONTENT_TYPES[label_format], chunks)


def _refuse(request: HttpRequest, study: Study) -> HttpResponse:
    return render(request, "results/results.html", {"study": study, "blinded": True}, status=403)


def _file(name: str, content_type: str, chunks: Iterable[str]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(chunks, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
