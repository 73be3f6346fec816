"""Soft labels: symmetric, bounded, right on pairs with a known better side."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelsvc.core.teacher import CRITERIA, Criterion, ItemFacts, ProfileAttribute, RulesTeacher
from modelsvc.core.teacher.rules.labels import P_LIMIT, SCALES, preference, score
from tests.core.teacher.films import COMET, FILMS, MARSH, PUDDLE, VAULT

PROFILE = (
    ProfileAttribute("They enjoy heists and long cons.", "like", weight=1.0),
    ProfileAttribute("They enjoy science fiction.", "like", weight=0.9),
    ProfileAttribute("They love a chase.", "like", weight=0.7),
    ProfileAttribute("They like eerie horror.", "like", weight=0.6),
    ProfileAttribute("They like silly slapstick.", "like", weight=0.5),
    ProfileAttribute("They cannot stomach gore.", "dislike", weight=0.5),
    ProfileAttribute("They avoid musicals.", "dislike", weight=0.4),
)


@pytest.mark.parametrize("criterion", CRITERIA)
@given(first=st.text(max_size=200), second=st.text(max_size=200))
@settings(max_examples=40, deadline=None)
def test_swapping_the_texts_gives_the_complement(criterion: Criterion, first: str, second: str) -> None:
    there, _ = preference(criterion, VAULT, PROFILE, first, second)
    back, _ = preference(criterion, VAULT, PROFILE, second, first)
    assert there + back == pytest.approx(1.0)
    assert 1 - P_LIMIT - 1e-9 <= there <= P_LIMIT + 1e-9
    assert preference(criterion, VAULT, PROFILE, first, first)[0] == pytest.approx(0.5)


def test_logistic_by_hand() -> None:
    # Shares 2.5 / 3.5 and 1 differ by 0.285714; over 0.08 that is a logit of -3.57, limited to 0.03.
    p_first, reasons = preference(
        "precision", VAULT, (), "We meet Anna Corvin and Boris in a heist.", "We meet Anna Corvin in a heist."
    )
    assert p_first == pytest.approx(1 - P_LIMIT)
    assert "Boris" in reasons[0]
    assert "all borne out" in reasons[1]


def test_overall_is_the_mean_of_the_scaled_scores() -> None:
    text = "You get a robbery and a chase."
    parts = [score(part, VAULT, PROFILE, text) / SCALES[part] for part in CRITERIA if part != "overall"]
    assert score("overall", VAULT, PROFILE, text) == pytest.approx(sum(parts) / 4)


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("item", [VAULT, COMET, MARSH, PUDDLE], ids=lambda item: item.item_id)
def test_the_good_text_beats_its_bad_variant(criterion: Criterion, item: ItemFacts) -> None:
    teacher = RulesTeacher(FILMS)
    worse = []
    for seed in range(10):
        good = teacher.endorse(item, PROFILE, seed=seed)
        bad = teacher.bad_variant(criterion, item, PROFILE, good, seed=seed)
        if bad != good:
            worse.append(teacher.prefer(criterion, item, PROFILE, good, bad).p_first > 0.5)
    # A film that bears on one attribute only leaves no room for a worse order.
    assert len(worse) >= 8 or (criterion == "prioritization" and item in (MARSH, PUDDLE))
    assert sum(worse) >= len(worse) - 1


def test_a_label_names_its_source() -> None:
    label = RulesTeacher(FILMS).prefer("appeal", VAULT, PROFILE, "One.", "Two.")
    assert label.source == "rules"
    assert label.item_id == "vault"
    assert len(label.reasons) == 2
