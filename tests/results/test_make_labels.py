"""Preference labels from judgments: soft over raters, one kind of rater at a time."""

import pytest

from annotations.models import PreferenceLabel
from annotations.services.labels import make_labels
from tests.study_data import make_study

pytestmark = pytest.mark.django_db


def found(study, **fields):
    """(test or baseline text, other) with value and votes, by criterion and comparison."""
    labels = PreferenceLabel.objects.filter(study=study, **fields).select_related("endorsement__system")
    return {
        (label.criterion, label.endorsement.system.name, label.endorsement.item.external_id): (
            label.value,
            label.votes,
        )
        for label in labels
    }


def test_several_raters_give_one_soft_label():
    data = make_study(items=1)
    data.judge("ann", 0, "A", precision="A", appeal="B", overall="A")  # test, baseline, test
    data.judge("bob", 0, "B", precision="A", appeal="tie", overall="B")  # baseline, tie, test
    data.judge("cid", 0, "B", precision="B", appeal="both_bad", overall="skip")  # test, neither, none
    make_labels(study_id=data.study.pk)
    assert found(data.study) == {
        ("precision", "p4lm", "i0"): (pytest.approx(2 / 3), 3),
        ("appeal", "p4lm", "i0"): (pytest.approx(1 / 3), 3),
        ("overall", "p4lm", "i0"): (1.0, 2),
    }
    label = PreferenceLabel.objects.get(criterion="precision")
    assert (label.other.system.name, label.source, label.labeller, label.purpose) == (
        "sft", "human", "films", "collect",
    )  # fmt: skip


def test_coverage_gives_shares_and_pairs_and_prioritization_where_both_cover():
    data = make_study(items=1)
    # Test at A: covers both attributes, baseline one of them; the first aligns more closely with test.
    data.judge("ann", 0, "A", attributes=[(True, True, "A"), (True, False, None)])
    # Test at B: each covers one; nothing is covered by both.
    data.judge("bob", 0, "B", attributes=[(True, False, None), (False, True, None)])
    # Test at B: both cover both; once baseline is closer, once a tie.
    data.judge("cid", 0, "B", attributes=[(True, True, "A"), (True, True, "tie")])
    make_labels(study_id=data.study.pk)
    shares = found(data.study, criterion="coverage", other=None)
    # Test: 2 + 1 + 2 of 6 answers; baseline: 1 + 1 + 2 of 6.
    assert shares == {
        ("coverage", "p4lm", "i0"): (pytest.approx(5 / 6), 6),
        ("coverage", "sft", "i0"): (pytest.approx(4 / 6), 6),
    }
    # More attributes covered: test, equal, equal.
    assert found(data.study, criterion="coverage", other__isnull=False) == {
        ("coverage", "p4lm", "i0"): (pytest.approx(2 / 3), 3)
    }
    # Where both cover: test, baseline, tie.
    assert found(data.study, criterion="prioritization") == {("prioritization", "p4lm", "i0"): (0.5, 3)}


def test_kinds_of_raters_are_never_mixed():
    data = make_study(items=1)
    data.enrol("bot", kind="bot")
    data.enrol("judge", kind="ai")
    for rater, pick in (("ann", "A"), ("bot", "B"), ("judge", "tie")):
        data.judge(rater, 0, "A", precision=pick, attributes=[(pick == "A", True, None)])
    make_labels(study_id=data.study.pk)
    for source, value in (("human", 1.0), ("bot", 0.0), ("ai", 0.5)):
        assert found(data.study, source=source, criterion="precision") == {
            ("precision", "p4lm", "i0"): (value, 1)
        }
        assert len(found(data.study, source=source, criterion="coverage", other=None)) == 2


def test_what_counts_in_no_metric_makes_no_label():
    data = make_study(items=2, gold=[2])
    data.judge("ann", 0, precision="A", status="surplus")
    data.judge("ann", 1, precision="A")
    data.judge("bob", 0, "B", precision="A", is_repeat=True)
    data.enrol("eve", is_excluded=True, exclusion_reason="answered at random")
    data.judge("eve", 0, precision="A", attributes=[(True, True, "A")])
    assert make_labels(study_id=data.study.pk) == 0


def test_making_again_replaces_the_labels_of_this_study_only():
    data, other = make_study(items=1), make_study("other", items=1)
    for each in (data, other):
        each.judge("ann", 0, precision="A")
        make_labels(study_id=each.study.pk)
    data.judge("bob", 0, precision="B")
    make_labels(study_id=data.study.pk)
    make_labels(study_id=data.study.pk)
    assert found(data.study) == {("precision", "p4lm", "i0"): (0.5, 2)}
    assert found(other.study) == {("precision", "p4lm", "i0"): (1.0, 1)}


def test_a_baseline_text_in_several_contrasts_has_one_share():
    data = make_study(items=1, contrasts=(("p4lm", "sft"), ("sft-text", "sft")))
    data.judge("ann", 0, "A", attributes=[(True, True, "A"), (True, False, None)])
    data.judge("ann", 1, "A", attributes=[(False, True, None), (False, True, None)])
    make_labels(study_id=data.study.pk)
    assert found(data.study, criterion="coverage", other=None) == {
        ("coverage", "p4lm", "i0"): (1.0, 2),
        ("coverage", "sft-text", "i0"): (0.0, 2),
        ("coverage", "sft", "i0"): (0.75, 4),
    }


def test_labels_carry_the_purpose_of_their_study():
    data = make_study(items=1, study_fields={"purpose": "evaluate"})
    data.judge("ann", 0, precision="A")
    make_labels(study_id=data.study.pk)
    assert PreferenceLabel.objects.get().purpose == "evaluate"
