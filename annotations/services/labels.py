"""Preference labels from a study's judgments: what the reward models learn from.

Source: sec. 4.1 and App. C of the paper; METHOD 6. Several raters of one comparison give one soft label.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.db import transaction

from annotations.metrics.labels import Answer, LabelRow, Question, RaterKind
from annotations.models import Comparison, PreferenceLabel, Study
from annotations.queries.labels import label_rows

BATCH_ROWS = 1000

_SOURCES = {
    RaterKind.HUMAN: PreferenceLabel.Source.HUMAN,
    RaterKind.BOT: PreferenceLabel.Source.BOT,
    RaterKind.AI: PreferenceLabel.Source.AI,
}
# A tie, or two texts that are both bad, prefers neither.
_PREFERS_TEST = {Answer.TEST: 1.0, Answer.BASELINE: 0.0, Answer.TIE: 0.5, Answer.BOTH_BAD: 0.5}


@dataclass(frozen=True)
class SoftLabel:
    """The mean of several votes in [0, 1]; with ``baseline_id`` None, an endorsement's share of coverage."""

    criterion: str
    rater_kind: RaterKind
    endorsement_id: int
    other_id: int | None
    value: float
    votes: int


@transaction.atomic
def make_labels(*, study_id: int) -> int:
    """Make the study's labels from the judgments there are now, in place of those made before.

    Returns:
        how many labels there are.
    """
    study = Study.objects.select_for_update(no_key=True).select_related("catalogue").get(pk=study_id)
    endorsements = {
        str(number): (test_id, baseline_id)
        for number, test_id, baseline_id in Comparison.objects.filter(study=study).values_list(
            "number", "test_endorsement_id", "baseline_endorsement_id"
        )
    }
    PreferenceLabel.objects.filter(study=study).delete()
    made = PreferenceLabel.objects.bulk_create(
        (
            PreferenceLabel(
                catalogue_id=study.catalogue_id,
                criterion=label.criterion,
                source=_SOURCES[label.rater_kind],
                labeller=study.name,
                purpose=study.purpose,
                endorsement_id=label.endorsement_id,
                other_id=label.other_id,
                value=label.value,
                votes=label.votes,
                study=study,
            )
            for label in soft_labels(label_rows(study.pk), endorsements)
        ),
        batch_size=BATCH_ROWS,
    )
    return len(made)


@dataclass
class _Votes:
    """Votes that become one label."""

    total: float = 0.0
    count: int = 0

    def add(self, value: float) -> None:
        self.total += value
        self.count += 1


@dataclass
class _CoverageCounts:
    """One rater's coverage answers to one comparison: how many attributes each text covers."""

    test: int = 0
    baseline: int = 0


@dataclass
class _Tally:
    """Votes by what they are about. Keys hold the kind of rater, so that kinds never mix."""

    pairs: dict[tuple[str, RaterKind, str], _Votes] = field(default_factory=lambda: defaultdict(_Votes))
    shares: dict[tuple[RaterKind, int], _Votes] = field(default_factory=lambda: defaultdict(_Votes))
    forms: dict[tuple[RaterKind, str, str], _CoverageCounts] = field(
        default_factory=lambda: defaultdict(_CoverageCounts)
    )


def soft_labels(rows: Iterable[LabelRow], endorsements: dict[str, tuple[int, int]]) -> Iterator[SoftLabel]:
    """Average the votes of all raters of a kind into labels; each kind of rater by itself.

    - precision, appeal, overall: P(test text preferred), a tie or "both bad" as 1/2, per comparison;
    - prioritization: the same over the rater–attribute answers where both texts cover the attribute;
    - coverage of a pair: P(test text covers more of the sampled attributes), per rater, equal as 1/2;
    - coverage share s of an endorsement: mean over all rater–attribute answers about it in the study.

    Gold, surplus, excluded and repeat rows and skipped questions are left out.

    Args:
        rows: label rows of one study.
        endorsements: (test, baseline) endorsement ids by comparison id.
    """
    tally = _Tally()
    for row in rows:
        if not (row.is_gold or row.is_surplus or row.is_excluded or row.is_repeat):
            _count(row, endorsements[row.comparison_id], tally)
    for (kind, comparison, _), counts in tally.forms.items():
        preferred = 0.5 + 0.5 * ((counts.test > counts.baseline) - (counts.test < counts.baseline))
        tally.pairs[Question.COVERAGE, kind, comparison].add(preferred)
    for (criterion, kind, comparison), votes in tally.pairs.items():
        test_id, baseline_id = endorsements[comparison]
        yield SoftLabel(str(criterion), kind, test_id, baseline_id, votes.total / votes.count, votes.count)
    for (kind, endorsement_id), votes in tally.shares.items():
        share = votes.total / votes.count
        yield SoftLabel(str(Question.COVERAGE), kind, endorsement_id, None, share, votes.count)


def _count(row: LabelRow, endorsement_ids: tuple[int, int], tally: _Tally) -> None:
    if row.question is Question.COVERAGE:
        form = tally.forms[row.rater_kind, row.comparison_id, row.assignment_id]
        form.test += bool(row.covers_test)
        form.baseline += bool(row.covers_baseline)
        for endorsement_id, covers in zip(
            endorsement_ids, (row.covers_test, row.covers_baseline), strict=True
        ):
            tally.shares[row.rater_kind, endorsement_id].add(float(bool(covers)))
    elif row.answer is not None and row.answer is not Answer.SKIP:
        tally.pairs[row.question, row.rater_kind, row.comparison_id].add(_PREFERS_TEST[row.answer])
