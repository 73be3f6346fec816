"""Coverage, precision and appeal checks against cases judged by hand."""

import pytest

from modelsvc.core.teacher import ProfileAttribute
from modelsvc.core.teacher.rules.checks import (
    appeal_score,
    claim_check,
    coverage_score,
    covers,
    prioritization_score,
)
from tests.core.teacher.films import VAULT

HEIST = ProfileAttribute("They enjoy heists and long cons told with a sense of fun.", "like")
FAMILY = ProfileAttribute("They lose patience with sentimental family stories.", "dislike")
ODD = ProfileAttribute("They collect lighthouses and foghorns.", "like")


@pytest.mark.parametrize(
    ("text", "attribute", "low", "high"),
    [
        ("A robbery planned with glee, and great fun.", HEIST, 0.9, 1.0),
        ("Two nuns cross a desert.", HEIST, 0.0, 0.1),
        ("If sentiment wears you down, know that this family is full of it.", FAMILY, 0.9, 1.0),
        ("You will adore this sentimental family.", FAMILY, 0.5, 0.7),
        ("A lighthouse keeper blows the foghorn.", ODD, 0.9, 1.0),
        ("A lighthouse keeper falls asleep.", ODD, 0.3, 0.7),
        ("A duck swims.", ODD, 0.0, 0.1),
    ],
)
def test_covers(text: str, attribute: ProfileAttribute, low: float, high: float) -> None:
    assert low <= covers(text, attribute) <= high


def test_a_true_text_is_fully_supported() -> None:
    text = "Anna Corvin directs The Vault, a heist in 1960s Vienna with Tom Harrow; there is no gore."
    assert claim_check(text, VAULT).unsupported == ()
    assert claim_check(text, VAULT).share == 1.0


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Here Boris Lanning directs a heist.", "Boris"),
        ("It is set in 1940s Vienna.", "1940"),
        ("The director is Tom Harrow.", "Tom Harrow as director"),
        ("It is a musical full of dragons.", "musical"),
        ("It goes in for gore.", "gore"),
        ("It has no suspense.", "no suspense"),
    ],
)
def test_false_claims_are_named(text: str, fault: str) -> None:
    check = claim_check(text, VAULT)
    assert fault in check.unsupported
    assert check.share < 1.0


def test_what_is_said_of_the_viewer_is_no_claim() -> None:
    assert claim_check("If you enjoy musicals, look elsewhere.", VAULT).unsupported == ()


def test_share_by_hand() -> None:
    # Names Anna, Corvin (1 each, true), Boris (1, false), heist (0.5, true): 2.5 / 3.5.
    check = claim_check("We meet Anna Corvin and Boris in a heist.", VAULT)
    assert check.share == pytest.approx(2.5 / 3.5)


def test_leading_with_what_matters_scores_higher() -> None:
    profile = (
        ProfileAttribute("They enjoy heists.", "like", weight=1.0),
        ProfileAttribute("They love a chase.", "like", weight=0.2),
    )
    first = "A robbery is the heart of it, and much later there comes a chase."
    last = "A chase comes early, and much later there comes a robbery at heart."
    assert prioritization_score(first, profile) > prioritization_score(last, profile)
    assert coverage_score(first, profile) == pytest.approx(coverage_score(last, profile))
    assert coverage_score(first, ()) == 0.0


def test_lively_beats_dull() -> None:
    dull = "It is a film. It is a film of some kind. It is a film and it has things. It can be watched."
    lively = (
        "You will savour the nerve of it: Anna Corvin lets a patient robbery unfold under Vienna, sharp talk "
        "and all, and keeps a surprise for the very end. Give it an evening, and you may find yourself "
        "holding your breath on a rooftop with two people you have come to like."
    )
    assert appeal_score(lively) > appeal_score(dull) + 1
    assert appeal_score("") == -3.0
