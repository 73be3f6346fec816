"""Endorsements: grounded, tailored, varied, reproducible."""

import random

import pytest

from modelsvc.core.teacher import ItemFacts, ProfileAttribute, RulesTeacher
from modelsvc.core.teacher.rules.checks import claim_check, covers
from modelsvc.core.teacher.rules.compose import compose, targets
from modelsvc.core.teacher.rules.facts import read_facts
from modelsvc.core.teacher.rules.language import copied_share, words
from tests.core.teacher.films import BARE, COMET, FILMS, MARSH, PUDDLE, VAULT

PROFILE = (
    ProfileAttribute("They enjoy heists and long cons.", "like", weight=1.0),
    ProfileAttribute("They like a chase.", "like", weight=0.8),
    ProfileAttribute("They are drawn to science fiction.", "like", weight=0.6),
    ProfileAttribute("They cannot stomach gore.", "dislike", weight=0.5),
    ProfileAttribute("They avoid musicals.", "dislike", weight=0.4),
)


@pytest.mark.parametrize("item", FILMS, ids=lambda item: item.item_id)
@pytest.mark.parametrize("profile", [PROFILE, ()], ids=["tailored", "generic"])
def test_every_name_and_number_comes_from_the_item(
    item: ItemFacts, profile: tuple[ProfileAttribute, ...]
) -> None:
    for seed in range(40):
        text = compose(item, profile, random.Random(seed))
        heavy = [
            claim.text
            for claim in claim_check(text, item).claims
            if not claim.supported and claim.weight == 1
        ]
        assert heavy == [], text
        assert "{" not in text
        assert "  " not in text


@pytest.mark.parametrize("item", [VAULT, COMET, PUDDLE, MARSH], ids=lambda item: item.item_id)
def test_length_and_copying(item: ItemFacts) -> None:
    for seed in range(60):
        text = compose(item, PROFILE, random.Random(seed))
        assert 45 <= len(words(text)) <= 110, text
        assert copied_share(text, item.description) <= 0.15


def test_it_covers_what_the_film_bears_on() -> None:
    for seed in range(30):
        text = compose(VAULT, PROFILE, random.Random(seed))
        assert covers(text, PROFILE[0]) > 0.5, text
        assert covers(text, PROFILE[1]) > 0.5, text
        assert covers(text, PROFILE[2]) < 0.5, text


def test_a_clash_is_admitted_and_an_absence_is_reassuring() -> None:
    for seed in range(30):
        marsh = compose(
            MARSH, (PROFILE[3], ProfileAttribute("They like eerie horror.", "like")), random.Random(seed)
        )
        assert covers(marsh, PROFILE[3]) > 0.9, marsh
        vault = compose(VAULT, PROFILE, random.Random(seed))
        assert covers(vault, PROFILE[3]) > 0.9, vault


def test_targets_are_ordered_by_weight_and_use_no_aspect_twice() -> None:
    doubled = (ProfileAttribute("They like robbery plots.", "like", weight=0.1), *PROFILE)
    found = targets(read_facts(VAULT), doubled)
    assert [target.aspect.name for target in found] == ["heist", "chase", "gore"]
    assert found[2].absent


def test_texts_differ_by_seed_viewer_and_film() -> None:
    texts = {compose(VAULT, PROFILE, random.Random(seed)) for seed in range(50)}
    assert len(texts) == 50
    assert len({text.split(" ")[0:3][0] + text.split(" ")[1] for text in texts}) >= 10
    teacher = RulesTeacher(FILMS)
    other = (ProfileAttribute("They listen for sharp, quotable dialogue.", "like"),)
    assert teacher.endorse(VAULT, PROFILE, seed=1) == teacher.endorse(VAULT, PROFILE, seed=1)
    assert teacher.endorse(VAULT, PROFILE, seed=1) != teacher.endorse(VAULT, other, seed=1)


def test_a_thin_description_still_gives_a_text() -> None:
    assert len(words(compose(BARE, PROFILE, random.Random(0)))) >= 20
    assert "Bare" in compose(ItemFacts("n", "Bare"), (), random.Random(0))


def test_hostile_text_passes_through_as_text() -> None:
    item = ItemFacts(
        "h", "<b>{T} %s</b> (1990)", "A robbery {claim} \\1 <script>. A chase {0} follows.", 1990
    )
    text = compose(item, PROFILE, random.Random(2))
    assert "<b>{T} %s</b>" in text
