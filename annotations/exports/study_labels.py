"""The label file of a study and the manifest beside it: streamed to a browser, or written as files."""

import json
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from annotations.exports.manifest import DeclaredContrast, Exclusions, Manifest
from annotations.exports.writers import csv_lines, jsonl_lines
from annotations.metrics.labels import LabelRow
from annotations.models import Study
from annotations.queries.labels import label_rows
from annotations.queries.results import declared_contrasts, excluded_rater_ids

LabelFormat = Literal["csv", "jsonl"]
FORMATS: tuple[LabelFormat, ...] = get_args(LabelFormat)
MANIFEST_SUFFIX = ".manifest.json"

_LINES = {"csv": csv_lines, "jsonl": jsonl_lines}
_CHUNK_CHARACTERS = 1 << 16


class ExportRefusedError(ValueError):
    """The files cannot be written as asked; the message names the file and what to do."""


@dataclass(frozen=True)
class WrittenLabels:
    """What was written."""

    labels: Path
    manifest: Path
    rows: int


def study_manifest(study: Study) -> Manifest:
    """What ``analyze`` needs beside the labels to print what ``study_results`` prints."""
    return Manifest(
        study=study.name,
        contrasts=[
            DeclaredContrast(test_system=contrast.test_system, baseline_system=contrast.baseline_system)
            for contrast in declared_contrasts(study.pk)
        ],
        exclusions=Exclusions(rater_ids=list(excluded_rater_ids(study.pk))),
        bootstrap_seed=study.seed,
        study_manifest_sha256=study.manifest_sha256 or None,
    )


def manifest_text(study: Study) -> str:
    """The manifest as JSON, ending in a line feed."""
    return json.dumps(study_manifest(study).model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def label_chunks(study_id: int, label_format: LabelFormat) -> Iterator[str]:
    """The label file in pieces of some 64,000 characters, read from the database as they are asked for."""
    return _chunked(_LINES[label_format](label_rows(study_id)))


def write_study_labels(
    *, study: Study, label_format: LabelFormat, output: Path, overwrite: bool = False
) -> WrittenLabels:
    """Write the label file and, as ``<output>.manifest.json``, its manifest: both whole, or neither.

    Raises:
        ExportRefusedError: a file is there already (without ``overwrite``), its name has another ending than
            the format, or it cannot be written.
    """
    manifest = output.with_name(output.name + MANIFEST_SUFFIX)
    if output.suffix.lower() != f".{label_format}":
        raise ExportRefusedError(
            f"{output.name}: a {label_format} file must end in .{label_format}, by which analyze knows it"
        )
    if not overwrite:
        for path in (output, manifest):
            if path.exists():
                raise ExportRefusedError(f"{path} exists already; --force overwrites it")
    counter = _Counter(label_rows(study.pk))
    try:
        with ExitStack() as partials:
            for path, chunks in (
                (output, _chunked(_LINES[label_format](counter))),
                (manifest, [manifest_text(study)]),
            ):
                partials.enter_context(_written_whole(path, chunks))
    except OSError as error:
        raise ExportRefusedError(f"{output}: cannot be written: {error.strerror or error}") from error
    return WrittenLabels(output, manifest, counter.rows)


class _Counter:
    """Counts rows on their way from the database to the file."""

    def __init__(self, rows: Iterable[LabelRow]) -> None:
        self._source = rows
        self.rows = 0

    def __iter__(self) -> Iterator[LabelRow]:
        for row in self._source:
            self.rows += 1
            yield row


def _chunked(lines: Iterable[str]) -> Iterator[str]:
    chunk: list[str] = []
    size = 0
    for line in lines:
        chunk.append(line)
        size += len(line)
        if size >= _CHUNK_CHARACTERS:
            yield "".join(chunk)
            chunk, size = [], 0
    if chunk:
        yield "".join(chunk)


@contextmanager
def _written_whole(path: Path, chunks: Iterable[str]) -> Iterator[None]:
    """Write a temporary file beside ``path``; renamed on leaving without an error, else removed.

    A half-written file never shows, and of several files written so either all appear or none.
    """
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        with partial.open("x", encoding="utf-8", newline="") as handle:
            handle.writelines(chunks)
            handle.flush()
            os.fsync(handle.fileno())
        yield
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
