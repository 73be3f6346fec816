"""Anybody's own catalogue as CSV or JSONL."""

import pytest

from annotations.models import Attribute, Catalogue, Item, Profile, Viewer
from annotations.services.runs import RunFailedError
from tests.imports.conftest import json_lines, write_files

pytestmark = pytest.mark.django_db

ITEMS = "external_id,title,year,categories,description\na,Lamp,2019,Home|Light,A lamp.\nb,Desk,,,\n"
RATINGS = "viewer,item,rating,timestamp\nu,a,10,2024-05-01T00:00:00+00:00\nv,b,90,\n"


def test_items_ratings_viewers_and_profiles(tmp_path, import_catalogue):
    folder = write_files(
        tmp_path / "shop",
        items_csv=ITEMS,
        ratings_csv=RATINGS,
        viewers_csv="external_id\nw\n",
        profiles_csv="viewer,text,polarity,evidence\nu,They like light.,like,a|b\n"
        "u,They dislike clutter.,Dislike,\nx,They read at night.,like,a\n",
    )
    report = import_catalogue("csv", folder, licence="Our own")
    assert (report["items"], report["viewers"], report["ratings"], report["profiles"]) == (2, 4, 2, 2)
    catalogue = Catalogue.objects.get()
    assert (catalogue.domain, catalogue.licence) == ("products", "Our own")
    assert (catalogue.rating_min, catalogue.rating_max) == (10.0, 90.0)
    lamp = Item.objects.get(external_id="a")
    assert (lamp.year, lamp.categories, lamp.description) == (2019, ["Home", "Light"], "A lamp.")
    assert set(Viewer.objects.values_list("external_id", flat=True)) == {"u", "v", "w", "x"}
    assert list(
        Attribute.objects.filter(profile__viewer__external_id="u").values_list("text", "polarity", "evidence")
    ) == [("They like light.", "like", ["a", "b"]), ("They dislike clutter.", "dislike", [])]


def test_json_lines_do_as_well(tmp_path, import_catalogue):
    folder = tmp_path / "shop"
    folder.mkdir()
    json_lines(
        folder / "items.jsonl",
        [{"asin": "a", "title": "Lamp", "year": 2019, "categories": ["Home"], "description": "A lamp."}],
    )
    json_lines(folder / "ratings.jsonl", [{"viewer": "u", "item": "a", "rating": 3, "timestamp": 5}])
    attributes = [{"text": "They like light.", "polarity": "like", "evidence": ["a"]}]
    json_lines(folder / "profiles.jsonl", [{"viewer": "u", "attributes": attributes}])
    report = import_catalogue("csv", folder, rating_min=1, rating_max=5)
    assert (report["items"], report["ratings"], report["profiles"]) == (1, 1, 1)
    assert Item.objects.get().categories == ["Home"]


def test_a_catalogue_without_ratings_is_fine(tmp_path, import_catalogue):
    report = import_catalogue("csv", write_files(tmp_path / "shop", items_csv=ITEMS))
    assert (report["ratings"], report["viewers"]) == (0, 0)
    assert Catalogue.objects.get().ratings is None


def test_an_unknown_scale_must_be_given(tmp_path, import_catalogue):
    folder = write_files(tmp_path / "shop", items_csv=ITEMS, ratings_csv="viewer,item,rating\nu,a,3\nv,a,3\n")
    with pytest.raises(RunFailedError, match="every rating is 3, so their scale is unknown"):
        import_catalogue("csv", folder)
    assert import_catalogue("csv", folder, rating_min=1, rating_max=5)["ratings"] == 2


def test_bad_profiles_and_json_are_reported(tmp_path, import_catalogue):
    folder = write_files(tmp_path / "shop", items_csv=ITEMS)
    rows = [
        {"viewer": "u", "attributes": [{"text": "x", "polarity": "love"}]},
        {"viewer": "v", "attributes": [{"text": "x", "polarity": "like", "evidence": ["zzz"]}]},
        {"viewer": "w", "attributes": "none"},
        {"attributes": []},
        {"viewer": "x\u0000", "attributes": []},
    ]
    path = json_lines(folder / "profiles.jsonl", rows)
    path.write_text(path.read_text() + "{not json\n[1]\n")
    report = import_catalogue("csv", folder)
    assert report["profiles"] == 0
    assert {kind["kind"]: kind["rows"] for kind in report["skipped"]["kinds"]} == {
        "profiles.jsonl: is not a JSON object": 2,
        "profiles.jsonl: polarity is neither like nor dislike": 1,
        "profiles.jsonl: evidence names no item of this catalogue": 1,
        "profiles.jsonl: attributes is not a list of attributes": 1,
        "profiles.jsonl: viewer is missing": 1,
        "profiles.jsonl: holds a NUL character": 1,
    }


def test_a_changed_profile_is_a_new_version_and_an_equal_one_is_not(tmp_path, import_catalogue):
    folder = write_files(tmp_path / "shop", items_csv=ITEMS)
    bullet = {"text": "They like light.", "polarity": "like"}
    json_lines(folder / "profiles.jsonl", [{"viewer": "u", "attributes": [bullet]}])
    import_catalogue("csv", folder)
    import_catalogue("csv", folder)
    assert Profile.objects.count() == 1
    json_lines(folder / "profiles.jsonl", [{"viewer": "u", "attributes": [bullet | {"polarity": "dislike"}]}])
    import_catalogue("csv", folder)
    assert list(Profile.objects.order_by("pk").values_list("is_current", flat=True)) == [False, True]
