"""From an exported label file to the numbers of the study: no database, no settings."""

from pathlib import Path

import numpy as np

from annotations.exports.cells import shown
from annotations.exports.manifest import Manifest, ManifestError, read_manifest
from annotations.exports.readers import read_labels
from annotations.exports.schema import LabelFileError
from annotations.metrics.labels import LabelTable
from annotations.metrics.results import StudyResults, contrasts_of, study_results


def analyze_labels(labels_path: Path, manifest_path: Path | None = None) -> StudyResults:
    """Compute a study's numbers from its label file.

    Args:
        labels_path: CSV or JSON Lines.
        manifest_path: contrasts and exclusions; by default every contrast, and only marked rows left out.

    Raises:
        LabelFileError: the labels cannot be used.
        ManifestError: the manifest cannot be used, or does not fit the labels.
    """
    manifest = read_manifest(manifest_path) if manifest_path else Manifest()
    labels = _of_study(read_labels(labels_path), manifest, labels_path, manifest_path)
    contrasts = manifest.declared_contrasts()
    if manifest_path and contrasts:
        found = set(contrasts_of(labels))
        for test, baseline in contrasts:
            if (test, baseline) not in found and (baseline, test) in found:
                problem = (
                    f"{labels_path.name} has test_system {shown(baseline)}, baseline_system {shown(test)}"
                )
                raise ManifestError(f"{manifest_path.name}, contrasts: the other way round: {problem}")
    return study_results(
        labels,
        contrasts=contrasts,
        excluded_raters=manifest.exclusions.rater_ids,
        excluded_comparisons=manifest.exclusions.comparison_ids,
    )


def _of_study(
    labels: LabelTable, manifest: Manifest, labels_path: Path, manifest_path: Path | None
) -> LabelTable:
    names = labels.study.names
    if not names:  # a study that nobody has judged yet
        return labels
    if manifest.study is None or manifest_path is None:
        if len(names) > 1:
            problem = f"several studies: {', '.join(map(shown, names))}; name one as study in a manifest"
            raise LabelFileError(labels_path.name, problem, column="study")
        return labels
    if manifest.study not in names:
        problem = (
            f"{shown(manifest.study)} is not in {labels_path.name}, which has {', '.join(map(shown, names))}"
        )
        raise ManifestError(f"{manifest_path.name}, study: {problem}")
    return labels.rows(np.flatnonzero(labels.study.equals(manifest.study)))
