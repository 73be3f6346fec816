"""The lexicon's data and the way it finds aspects in a text."""

import pytest

from modelsvc.core.teacher.rules.lexicon import aspects, mentions, strengths
from modelsvc.core.teacher.rules.writer import frames


def spoken(text: str) -> set[str]:
    return {mention.aspect for mention in mentions(text) if not mention.negated}


def test_there_are_at_least_forty_aspects() -> None:
    assert len(aspects()) >= 40


@pytest.mark.parametrize("name", sorted(aspects()))
def test_every_wording_speaks_of_its_own_aspect(name: str) -> None:
    # Otherwise an endorsement could claim an aspect that the coverage check does not see.
    aspect = aspects()[name]
    for phrase in (*aspect.taste, *aspect.offer, aspect.topic, aspect.plain):
        assert name in spoken(f"It touches on {phrase}."), phrase
    for phrase in aspect.claim:
        assert name in spoken(f"It {phrase}."), phrase
    for sentence in (*aspect.like, *aspect.dislike):
        assert name in {mention.aspect for mention in mentions(sentence)}, sentence


@pytest.mark.parametrize("name", sorted(aspects()))
def test_no_wording_claims_a_foreign_aspect(name: str) -> None:
    # Aspects that contain another one, or compounds of two words of which one is another's.
    nested = {
        "dark_comedy": {"comedy"},
        "slapstick": {"comedy"},
        "time_travel": {"journey"},
        "family_ties": {"drama"},
    }
    aspect = aspects()[name]
    for phrase in (*aspect.claim, *aspect.offer):
        assert spoken(f"It {phrase}.") - {name} <= nested.get(name, set()), phrase


def test_frames_themselves_claim_nothing() -> None:
    fill = {"T": "Qq", "A": "Qq", "B": "Qq", "D": "Qq"}
    for move, rows in frames().items():
        for frame in rows:
            bare = frame
            for slot in ("taste", "claim", "offer", "topic", "plain", "ph", "place", "np"):
                bare = bare.replace(f"{{{slot}}}", "zz").replace(f"{{{slot}2}}", "zz")
            for slot, value in fill.items():
                bare = bare.replace(f"{{{slot}}}", value)
            assert not mentions(bare), (move, frame)


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        ("There is gore.", False),
        ("There is no gore.", True),
        ("It is told without gore.", True),
        ("It has hardly any gore.", True),
        ("A gore-free evening.", True),
        ("Gunfire is scarce and gore absent.", True),
        ("There is no shortage of gore.", False),
    ],
)
def test_negation(text: str, negated: bool) -> None:
    assert [mention.negated for mention in mentions(text) if mention.aspect == "gore"] == [negated]


def test_names_and_titles_are_not_triggers() -> None:
    assert "chase" not in spoken("We follow Ethan Hunt and Chevy Chase.")
    assert "war" not in {m.aspect for m in mentions("War Horses is quiet.", "War Horses")}


def test_weak_words_count_half() -> None:
    assert strengths(mentions("A soldier goes home.")).get("war") == pytest.approx(0.5)
    assert strengths(mentions("A soldier remembers the battle.")).get("war") == pytest.approx(1.0)
