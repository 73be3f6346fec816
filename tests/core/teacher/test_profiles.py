"""Profiles by aspect statistics."""

import math
import random

import pytest

from modelsvc.core.teacher import ItemFacts, RatedItem, RulesTeacher, ViewerHistory, split_history
from modelsvc.core.teacher.rules.compose import attribute_aspects
from modelsvc.core.teacher.rules.profiles import aspect_statistics, write_profile
from tests.core.teacher.films import FILMS, heist_films, musical_films, rated


def viewer(liked: list[ItemFacts], disliked: list[ItemFacts]) -> ViewerHistory:
    return ViewerHistory("v", rated(liked, 5.0), rated(disliked, 1.0))


def test_score_by_hand() -> None:
    # q = 0.2, k = 4: four of four liked have it, none of four disliked.
    # p_l = (4 + 0.8) / 8 = 0.6, p_d = 0.8 / 8 = 0.1; logits 0.405465, -2.197225, logit q = -1.386294.
    # score = ((0.405465 + 2.197225) + (0.405465 + 1.386294)) / 2 = 2.197225
    history = viewer(heist_films(4), [ItemFacts(f"x{k}", "X", "Nothing.") for k in range(4)])
    rows = {row.aspect: row for row in aspect_statistics(history, {"heist": 0.2})}
    assert rows["heist"].score == pytest.approx(math.log(9), abs=1e-9)
    assert (rows["heist"].liked, rows["heist"].disliked) == (4, 0)


def test_swapping_likes_and_dislikes_flips_the_sign() -> None:
    rates = {"heist": 0.3, "musical": 0.1}
    there = {r.aspect: r.score for r in aspect_statistics(viewer(heist_films(5), musical_films(3)), rates)}
    back = {r.aspect: r.score for r in aspect_statistics(viewer(musical_films(3), heist_films(5)), rates)}
    assert there == pytest.approx({aspect: -score for aspect, score in back.items()})


def test_an_aspect_as_common_as_in_the_catalogue_says_nothing() -> None:
    plain = [ItemFacts(f"x{k}", "X", "Nothing.") for k in range(5)]
    history = viewer([*heist_films(5), *plain], [*heist_films(5), *plain])
    rows = aspect_statistics(history, {"heist": 0.5})
    assert rows[0].score == pytest.approx(0.0)


def test_known_tastes_are_recovered_with_their_evidence() -> None:
    teacher = RulesTeacher([*heist_films(6), *musical_films(6), *FILMS])
    profile = teacher.profile(viewer(heist_films(5), musical_films(5)), seed=1)
    by_polarity = {bullet.polarity: bullet for bullet in profile}
    assert attribute_aspects(by_polarity["like"])[0] == "heist"
    assert "musical" in attribute_aspects(by_polarity["dislike"])
    assert set(by_polarity["like"].evidence) <= {f"heist{k}" for k in range(5)}
    assert len(by_polarity["like"].evidence) == 4
    assert max(bullet.weight for bullet in profile) == pytest.approx(1.0)


def test_profiles_are_reproducible_vary_with_the_seed_and_name_no_film() -> None:
    teacher = RulesTeacher(FILMS)
    history = viewer(heist_films(5), musical_films(5))
    assert teacher.profile(history, seed=3) == teacher.profile(history, seed=3)
    texts = {tuple(b.text for b in teacher.profile(history, seed=seed)) for seed in range(12)}
    assert len(texts) > 4
    assert not any("Job" in text or "Tune" in text for row in texts for text in row)


def test_too_little_history_gives_no_bullet() -> None:
    assert write_profile(viewer(heist_films(1), []), {"heist": 0.1}, random.Random(0)) == ()


def test_split_history_leaves_the_middle_out() -> None:
    rows = [RatedItem(ItemFacts(str(k), "X"), rating) for k, rating in enumerate((5.0, 3.0, 3.2, 1.0))]
    history = split_history("v", rows)
    assert [row.item.item_id for row in history.liked] == ["0"]
    assert [row.item.item_id for row in history.disliked] == ["3"]
    assert split_history("v", []).liked == ()
