"""The numbers of a study: every declared contrast, every question, each kind of rater by itself.

One function for the results page, the command line, the API and the analysis of an exported file, so that
all of them print the same numbers. The same rows in any order give the same bytes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from annotations.metrics.coverage import Coverage, coverage
from annotations.metrics.labels import Answer, LabelTable, Question, RaterKind
from annotations.metrics.prioritization import prioritization, rows_where_both_cover
from annotations.metrics.votes import Codes, CoverageTable, Flags, Outcome, VoteTable
from annotations.metrics.win_rate import WinRate, win_rate

ESTIMAND = "population mean over items and raters"
INTERVAL_METHOD = (
    "95% score interval on the effective number of votes (two-way clustering by item and rater, "
    "Satterthwaite t); Pcov by the delta method on the log ratio"
)

_OUTCOMES = {
    Answer.TEST: Outcome.TEST,
    Answer.BASELINE: Outcome.BASELINE,
    Answer.TIE: Outcome.TIE,
    Answer.BOTH_BAD: Outcome.BOTH_BAD,
}


class Contrast(NamedTuple):
    """A test system and the baseline it is held against."""

    test_system: str
    baseline_system: str


@dataclass(frozen=True)
class ContrastResults:
    """The five metrics of one contrast, from one kind of rater."""

    contrast: Contrast
    rater_kind: str
    precision: WinRate
    appeal: WinRate
    overall: WinRate
    prioritization: WinRate
    coverage: Coverage

    def as_dict(self) -> dict[str, Any]:
        """JSON object of the label-analysis format."""
        return {
            "test_system": self.contrast.test_system,
            "baseline_system": self.contrast.baseline_system,
            "rater_kind": self.rater_kind,
            "precision": self.precision.as_dict(),
            "appeal": self.appeal.as_dict(),
            "overall": self.overall.as_dict(),
            "prioritization": self.prioritization.as_dict(),
            "coverage": self.coverage.as_dict(),
        }


@dataclass(frozen=True)
class LeftOut:
    """Rows that count in no metric, by reason; a row with several reasons is in each.

    ``manifest`` counts only rows that the labels do not mark as excluded themselves, so that an export and
    its manifest, which names the same excluded raters, agree with the export alone.
    """

    gold: int
    surplus: int
    excluded: int
    repeat: int
    manifest: int


@dataclass(frozen=True)
class StudyResults:
    """All numbers of a study.

    Attributes:
        studies: names of the studies the rows belong to; one, or none where there are no rows.
        rater_kind: the kind ``contrasts`` speaks of: human if humans judged, else ai, else bot.
        contrasts: results of that kind, in the declared order (else sorted by name).
        other_rater_kinds: results of each further kind that judged.
        counted, left_out: numbers of label rows.
    """

    studies: tuple[str, ...]
    rater_kind: str
    contrasts: tuple[ContrastResults, ...]
    other_rater_kinds: tuple[tuple[str, tuple[ContrastResults, ...]], ...]
    counted: int
    left_out: LeftOut

    def as_dict(self) -> dict[str, Any]:
        """JSON object of the label-analysis format: fractions, null with a reason where undefined."""
        others = {
            kind: {"contrasts": [entry.as_dict() for entry in entries]}
            for kind, entries in self.other_rater_kinds
        }
        left_out = self.left_out
        return {
            "study": self.studies[0] if self.studies else None,
            "rater_kind": self.rater_kind,
            "contrasts": [entry.as_dict() for entry in self.contrasts],
            "other_rater_kinds": others,
            "rows": {
                "counted": self.counted,
                "gold": left_out.gold,
                "surplus": left_out.surplus,
                "excluded": left_out.excluded,
                "repeat": left_out.repeat,
                "excluded_by_manifest": left_out.manifest,
            },
            "estimand": ESTIMAND,
            "interval_method": INTERVAL_METHOD,
        }


def study_results(
    labels: LabelTable,
    *,
    contrasts: Sequence[Contrast] | None = None,
    excluded_raters: Collection[str] = (),
    excluded_comparisons: Collection[str] = (),
) -> StudyResults:
    """Compute every metric of every contrast, each kind of rater apart.

    Args:
        labels: all rows of the study; gold, surplus, excluded and repeat rows are left out here.
        contrasts: the declared contrasts, in the order to report; by default those found in the rows.
        excluded_raters, excluded_comparisons: ids whose rows are left out as well.

    Returns:
        The results. A contrast without counted rows is reported with n = 0 and reasons.
    """
    by_manifest = labels.rater.among(excluded_raters) | labels.comparison.among(excluded_comparisons)
    flagged = labels.is_gold | labels.is_surplus | labels.is_excluded | labels.is_repeat
    counted = ~(flagged | by_manifest)
    reported = tuple(contrasts) if contrasts is not None else contrasts_of(labels)
    kinds = _kinds(labels, counted) or _kinds(labels, np.ones(len(labels), dtype=np.bool_)) or ["human"]
    by_kind = [
        (kind, tuple(_contrast_results(labels, counted, contrast, kind) for contrast in reported))
        for kind in kinds
    ]
    return StudyResults(
        studies=labels.study.names,
        rater_kind=by_kind[0][0],
        contrasts=by_kind[0][1],
        other_rater_kinds=tuple(by_kind[1:]),
        counted=int(counted.sum()),
        left_out=LeftOut(
            gold=int(labels.is_gold.sum()),
            surplus=int(labels.is_surplus.sum()),
            excluded=int(labels.is_excluded.sum()),
            repeat=int(labels.is_repeat.sum()),
            manifest=int((by_manifest & ~labels.is_excluded).sum()),
        ),
    )


def contrasts_of(labels: LabelTable) -> tuple[Contrast, ...]:
    """The contrasts that occur in the rows, sorted by test and baseline system."""
    test, baseline = labels.test_system, labels.baseline_system
    pairs = np.unique(test.codes * len(baseline.names) + baseline.codes)
    return tuple(
        Contrast(test.names[pair // len(baseline.names)], baseline.names[pair % len(baseline.names)])
        for pair in pairs.tolist()
    )


def _kinds(labels: LabelTable, rows: Flags) -> list[str]:
    present = {labels.rater_kind.names[code] for code in np.unique(labels.rater_kind.codes[rows]).tolist()}
    return [kind.value for kind in RaterKind if kind.value in present]


def _contrast_results(labels: LabelTable, counted: Flags, contrast: Contrast, kind: str) -> ContrastResults:
    rows = np.flatnonzero(
        counted
        & labels.rater_kind.equals(kind)
        & labels.test_system.equals(contrast.test_system)
        & labels.baseline_system.equals(contrast.baseline_system)
    )
    of_question = {question: rows[labels.question.equals(question)[rows]] for question in Question}
    return ContrastResults(
        contrast=contrast,
        rater_kind=kind,
        precision=win_rate(_votes(labels, of_question[Question.PRECISION])),
        appeal=win_rate(_votes(labels, of_question[Question.APPEAL])),
        overall=win_rate(_votes(labels, of_question[Question.OVERALL])),
        prioritization=_prioritization(
            labels, of_question[Question.PRIORITIZATION], of_question[Question.COVERAGE]
        ),
        coverage=coverage(_answers(labels, of_question[Question.COVERAGE])),
    )


def _votes(labels: LabelTable, rows: Codes) -> VoteTable:
    skipped = labels.answer.equals(Answer.SKIP)[rows]
    kept = rows[~skipped]
    outcome_of_code = np.array(
        [_OUTCOMES.get(Answer(name), -1) if name else -1 for name in labels.answer.names]
    )
    outcome = outcome_of_code[labels.answer.codes[kept]] if len(kept) else kept
    return VoteTable(
        item=labels.item.codes[kept],
        rater=labels.rater.codes[kept],
        comparison=labels.comparison.codes[kept],
        outcome=outcome.astype(np.int64),
        skips=int(skipped.sum()),
    )


def _answers(labels: LabelTable, rows: Codes) -> CoverageTable:
    return CoverageTable(
        item=labels.item.codes[rows],
        rater=labels.rater.codes[rows],
        comparison=labels.comparison.codes[rows],
        covers_test=labels.covers_test[rows] == 1,
        covers_baseline=labels.covers_baseline[rows] == 1,
    )


def _prioritization(labels: LabelTable, rows: Codes, coverage_rows: Codes) -> WinRate:
    both = (labels.covers_test[coverage_rows] == 1) & (labels.covers_baseline[coverage_rows] == 1)
    assignment, attribute = labels.assignment.codes, labels.attribute.codes
    matched = rows_where_both_cover(
        assignment[rows], attribute[rows], assignment[coverage_rows], attribute[coverage_rows], both
    )
    is_vote = ~labels.answer.equals(Answer.SKIP)[rows]
    return prioritization(_votes(labels, rows), matched[is_vote])
