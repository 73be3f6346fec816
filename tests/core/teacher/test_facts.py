"""What is read off a description."""

import pytest

from modelsvc.core.teacher.rules.facts import read_facts
from modelsvc.core.teacher.rules.language import copied_share, display_title, sentences
from tests.core.teacher.films import COMET, MARSH, PUDDLE, VAULT


@pytest.mark.parametrize(
    ("catalogue", "shown"),
    [
        ("Rock, The (1996)", "The Rock"),
        ("Twelve Monkeys (a.k.a. 12 Monkeys) (1995)", "Twelve Monkeys"),
        ("2001: A Space Odyssey (1968)", "2001: A Space Odyssey"),
        ("Beautiful Mind, A (2001)", "A Beautiful Mind"),
        ("Plain", "Plain"),
    ],
)
def test_display_title(catalogue: str, shown: str) -> None:
    assert display_title(catalogue) == shown


def test_initials_and_abbreviations_do_not_end_a_sentence() -> None:
    assert sentences("Dr. Lee met J. Smith. They left.") == ("Dr. Lee met J. Smith.", "They left.")


def test_people_places_and_tone() -> None:
    facts = read_facts(VAULT)
    assert facts.title == "The Vault"
    assert facts.year == 1987
    assert facts.directors == ("Anna Corvin",)
    assert "Tom Harrow" in facts.cast
    assert "Leo Brandt" in facts.cast
    assert facts.places == ("1960s Vienna",)
    assert facts.tones == ("taut",)
    assert read_facts(COMET).roles == (("Mira Devlin", "a stubborn pilot"),)
    assert read_facts(MARSH).directors == ("Ivo Kessler",)
    assert read_facts(PUDDLE).directors == ("Greta Lindqvist",)


def test_aspects_present_and_absent() -> None:
    facts = read_facts(VAULT)
    assert {"heist", "suspense", "mystery", "chase"} <= set(facts.described)
    assert {"gore", "violence"} <= facts.absent
    assert "crime" in facts.aspects
    assert "animation" not in facts.supported


def test_copied_share_by_hand() -> None:
    # Seven words give two runs of six; the first stands in the source.
    assert copied_share("a b c d e f x", "z a b c d e f y") == pytest.approx(0.5)
    assert copied_share("a b", "a b") == 0.0
