"""The teacher as its users see it."""

import pytest

from modelsvc.core.teacher import ItemFacts, ProfileAttribute, RulesTeacher, Teacher
from modelsvc.core.teacher.rules.checks import claim_check
from tests.core.teacher.films import BALLAD, FILMS, VAULT

PROFILE = (
    ProfileAttribute("They enjoy heists and long cons.", "like"),
    ProfileAttribute("They love a chase.", "like"),
)


def test_it_is_a_teacher_and_says_what_it_is() -> None:
    teacher: Teacher = RulesTeacher(FILMS)
    assert teacher.source == "rules"


def test_answers_do_not_depend_on_what_was_asked_before() -> None:
    fresh = RulesTeacher(FILMS)
    used = RulesTeacher(FILMS)
    for seed in range(5):
        used.endorse(BALLAD, PROFILE, seed=seed)
    assert fresh.endorse(VAULT, PROFILE, seed=9) == used.endorse(VAULT, PROFILE, seed=9)


def test_critique_names_the_fault_and_revision_removes_it() -> None:
    teacher = RulesTeacher(FILMS)
    good = teacher.endorse(VAULT, PROFILE, seed=4)
    bad = teacher.bad_variant("precision", VAULT, PROFILE, good, seed=4)
    critique = teacher.critique(VAULT, PROFILE, bad, seed=0)
    assert any(finding.criterion == "precision" for finding in critique.findings)
    assert critique.source == "rules"
    revised = teacher.revise(VAULT, PROFILE, bad, critique, seed=0)
    assert len(teacher.critique(VAULT, PROFILE, revised, seed=0).findings) < len(critique.findings)
    assert claim_check(revised, VAULT).share > claim_check(bad, VAULT).share


def test_a_text_without_faults_is_left_alone() -> None:
    teacher = RulesTeacher(FILMS)
    good = teacher.endorse(VAULT, PROFILE, seed=4)
    critique = teacher.critique(VAULT, PROFILE, good, seed=0)
    assert critique.findings == ()
    assert critique.text == "No fault found."
    assert teacher.revise(VAULT, PROFILE, good, critique, seed=0) == good


def test_a_description_says_only_what_the_catalogue_says() -> None:
    item = ItemFacts("k", "Kite, The (1972)", genres=("Comedy", "War"), tags=("satire",))
    text = RulesTeacher().describe_item(item, seed=1)
    assert "The Kite" in text
    assert "1972" in text
    assert claim_check(text, item).unsupported == ()


def test_bad_attributes_are_refused() -> None:
    with pytest.raises(ValueError, match="polarity"):
        ProfileAttribute("They like tea.", "meh")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="weight"):
        ProfileAttribute("They like tea.", "like", weight=0.0)
