"""The data that ships: its size, its shape, and the ceilings that its texts must keep."""

import csv
import json
import re
from collections import Counter

import pytest

from annotations.demo.loading import FOLDER

NUMBER = re.compile(r"\d+")
# Words that begin with a capital for another reason than being a name from the description.
NOT_NAMES = {"i", "you", "it"}


def rows_of(name):
    path = FOLDER / name
    with path.open(encoding="utf-8", newline="") as handle:
        return (
            list(csv.DictReader(handle)) if path.suffix == ".csv" else [json.loads(line) for line in handle]
        )


@pytest.fixture(scope="module")
def films():
    return {row["movieId"]: row["title"] for row in rows_of("movielens/movies.csv")}


@pytest.fixture(scope="module")
def ratings():
    return {(r["userId"], r["movieId"]): float(r["rating"]) for r in rows_of("movielens/ratings.csv")}


@pytest.fixture(scope="module")
def descriptions():
    return {row["movieId"]: row["description"] for row in rows_of("descriptions.csv")}


@pytest.fixture(scope="module")
def endorsements():
    return rows_of("endorsements.jsonl")


def words_of(text):
    return re.findall(r"[\w']+", text.lower())


def grams(text, length):
    words = words_of(text)
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}


def test_counts_and_size(films, ratings, descriptions, endorsements):
    assert len(films) >= 150
    assert len({viewer for viewer, _ in ratings}) >= 200
    assert set(descriptions) == set(films)
    pairs = {(row["viewer"], row["item"]) for row in endorsements}
    assert len(pairs) >= 60
    assert Counter(row["system"] for row in endorsements) == {"tailored": len(pairs), "generic": len(pairs)}
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 2_000_000
    assert "redistribute" in (FOLDER / "movielens" / "README.txt").read_text(encoding="utf-8")


def test_descriptions_have_60_to_120_words_and_no_common_build(descriptions):
    assert [k for k, text in descriptions.items() if not 60 <= len(text.split()) <= 120] == []
    openings = Counter(tuple(words_of(text)[:3]) for text in descriptions.values())
    assert max(openings.values()) <= 0.05 * len(descriptions)
    assert max(Counter(g for text in descriptions.values() for g in grams(text, 5)).values()) <= 0.03 * len(
        descriptions
    )


def test_endorsements_are_unrated_films_for_profiled_viewers(ratings, endorsements):
    profiled = {row["viewer"] for row in rows_of("profiles.jsonl")}
    for row in endorsements:
        assert row["viewer"] in profiled
        assert (row["viewer"], row["item"]) not in ratings
        assert 45 <= len(row["text"].split()) <= 110


def test_profiles_have_evidence_in_the_ratings(ratings, films):
    titles = {re.sub(r" \(.*", "", title).lower() for title in films.values() if len(title) > 14}
    for row in rows_of("profiles.jsonl"):
        mean = sum(r for (v, _), r in ratings.items() if v == row["viewer"])
        mean /= sum(v == row["viewer"] for v, _ in ratings)
        attributes = row["attributes"]
        assert 6 <= len(attributes) <= 8
        assert sum(a["polarity"] == "dislike" for a in attributes) >= 2
        for attribute in attributes:
            assert attribute["text"].startswith("They ")
            assert not [title for title in titles if title in attribute["text"].lower()]
            given = [ratings[row["viewer"], item] for item in attribute["evidence"]]
            if attribute["polarity"] == "like":
                assert sum(given) / len(given) > mean


def names_not_in(text, known):
    """Capitalised words inside sentences that do not occur in ``known``."""
    missing = []
    for sentence in re.split(r"(?<=[.!?:;])\s+", text):
        for word in re.findall(r"[\w'’\-·]+", sentence)[1:]:
            base = re.sub(r"['’](s|m|d|ll|re|ve)$", "", word)
            if base[:1].isupper() and base.lower() not in NOT_NAMES and base.lower() not in known.lower():
                missing.append(base)
    return missing


def test_names_and_numbers_of_endorsements_are_in_the_description_or_title(films, descriptions, endorsements):
    for row in endorsements:
        known = f"{films[row['item']]} {descriptions[row['item']]}"
        assert names_not_in(row["text"], known) == [], row
        assert [n for n in NUMBER.findall(row["text"]) if n not in known] == [], row


def test_the_name_check_sees_a_foreign_name():
    assert names_not_in("A film in which Bruce Willis's hero meets Nobody.", "bruce willis") == ["Nobody"]


def test_endorsements_are_neither_templates_nor_copies(descriptions, endorsements):
    for system in ("tailored", "generic"):
        texts = [row["text"] for row in endorsements if row["system"] == system]
        openings = Counter(tuple(words_of(text)[:3]) for text in texts)
        assert max(openings.values()) <= 0.05 * len(texts)
    shared = Counter(gram for row in endorsements for gram in grams(row["text"], 5))
    assert max(shared.values()) <= 0.03 * len(endorsements)
    for row in endorsements:
        own = grams(row["text"], 6)
        assert len(own & grams(descriptions[row["item"]], 6)) <= 0.15 * len(own)


def test_texts_for_different_viewers_of_one_film_differ(endorsements):
    tailored = {}
    for row in endorsements:
        if row["system"] == "tailored":
            tailored.setdefault(row["item"], []).append(grams(row["text"], 3))
    for texts in tailored.values():
        for i, one in enumerate(texts):
            assert all(len(one & other) / len(one | other) < 0.1 for other in texts[i + 1 :])
