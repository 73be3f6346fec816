"""MovieLens in its CSV layout, from files to rows and Parquet."""

import pyarrow.parquet as pq
import pytest

from annotations.models import Catalogue, Item, Run
from annotations.queries.records import ratings_folder
from annotations.services.runs import RunFailedError
from tests.imports.conftest import MOVIES, json_lines, write_files, zip_folder

pytestmark = pytest.mark.django_db


def parquet_rows(catalogue):
    return pq.read_table(ratings_folder(catalogue.pk) / "ratings.parquet").to_pylist()


def test_everything_arrives(movielens, import_catalogue):
    report = import_catalogue("movielens", movielens)
    assert (report["items"], report["viewers"], report["ratings"]) == (3, 2, 3)
    assert report["skipped"] == {"total": 0, "kinds": []}
    assert set(report["sources"]) == {"movies.csv", "ratings.csv", "tags.csv", "links.csv"}
    catalogue = Catalogue.objects.get(name="tiny")
    assert (catalogue.domain, catalogue.rating_min, catalogue.rating_max) == ("movies", 0.5, 5.0)
    assert "GroupLens" in catalogue.licence
    toy, shawshank, paterson = catalogue.items.order_by("external_id")
    assert (toy.title, toy.year, toy.categories) == ("Toy Story", 1995, ["Adventure", "Animation"])
    assert toy.metadata == {"imdb": "0114709", "tmdb": "862", "tags": ["Pixar", "fun"]}
    assert shawshank.title == "The Shawshank Redemption"
    assert (paterson.year, paterson.categories) == (None, [])
    assert parquet_rows(catalogue) == [
        {"viewer_id": "7", "item_id": "1", "rating": 4.0, "timestamp": 100},
        {"viewer_id": "7", "item_id": "2", "rating": 5.0, "timestamp": 101},
        {"viewer_id": "8", "item_id": "1", "rating": 0.5, "timestamp": 102},
    ]
    schema = pq.read_schema(ratings_folder(catalogue.pk) / "ratings.parquet")
    assert [str(field.type) for field in schema] == ["string", "string", "float", "int64"]
    assert catalogue.ratings.metadata["histogram"] == [
        {"from": 0.5, "to": 0.5, "count": 1},
        {"from": 4.0, "to": 4.0, "count": 1},
        {"from": 5.0, "to": 5.0, "count": 1},
    ]


def test_a_zip_reads_as_the_folder_does(movielens, import_catalogue):
    import_catalogue("movielens", movielens, name="from-folder")
    import_catalogue("movielens", zip_folder(movielens), name="from-zip")
    folder, zipped = (Catalogue.objects.get(name=name) for name in ("from-folder", "from-zip"))
    assert folder.ratings.sha256 == zipped.ratings.sha256
    fields = ("external_id", "title", "year", "categories", "metadata")
    assert list(folder.items.values_list(*fields)) == list(zipped.items.values_list(*fields))


def test_importing_again_changes_nothing(movielens, import_catalogue):
    import_catalogue("movielens", movielens)
    before = list(Item.objects.order_by("pk").values()), Catalogue.objects.get().ratings.sha256
    report = import_catalogue("movielens", movielens)
    assert (report["items_new"], report["items_changed"], report["viewers_new"]) == (0, 0, 0)
    assert (list(Item.objects.order_by("pk").values()), Catalogue.objects.get().ratings.sha256) == before


def test_a_changed_title_is_taken_over_and_nothing_is_deleted(movielens, import_catalogue):
    import_catalogue("movielens", movielens)
    write_files(movielens, movies_csv="movieId,title,genres\n1,Toy Story 1 (1995),Comedy\n")
    report = import_catalogue("movielens", movielens)
    assert (report["items_new"], report["items_changed"]) == (0, 1)
    assert Item.objects.count() == 3
    assert Item.objects.get(external_id="1").categories == ["Comedy"]


def test_descriptions_are_joined_and_counted(movielens, import_catalogue, tmp_path):
    rows = [
        {"movieId": 1, "synopsis": "Toys."},
        {"movieId": 1, "synopsis": "Toys again."},
        {"movieId": 99, "synopsis": "Nobody knows."},
        {"movieId": 2, "synopsis": "  "},
    ]
    described = json_lines(tmp_path / "synopses.jsonl", rows)
    report = import_catalogue("movielens", movielens, descriptions=str(described))
    assert report["descriptions_matched"] == 1
    assert (report["descriptions_unknown"], report["descriptions_unknown_examples"]) == (1, ["99"])
    assert report["descriptions_missing"] == 2
    assert [kind["kind"] for kind in report["skipped"]["kinds"]] == [
        "synopses.jsonl: item has a description already",
        "synopses.jsonl: description is empty",
    ]
    toy = Item.objects.get(external_id="1")
    assert (toy.description, toy.description_source) == ("Toys.", "synopses.jsonl")
    again = import_catalogue("movielens", movielens)
    assert again["items_changed"] == 0
    assert Item.objects.get(external_id="1").description == "Toys."


@pytest.mark.parametrize("header", ["external_id", "movieId", "item", "item_id", "asin"])
def test_the_item_column_of_descriptions_has_many_names(header, movielens, import_catalogue, tmp_path):
    path = tmp_path / "d.csv"
    path.write_text(f"{header},description\n2,Prison.\n")
    assert import_catalogue("movielens", movielens, descriptions=str(path))["descriptions_matched"] == 1


def test_bad_rows_are_counted_with_examples_and_the_rest_is_imported(movielens, import_catalogue):
    movies = MOVIES + '1,Twice (2000),Drama\n,No id (2000),Drama\n4,"",Drama\n5,Too,many,fields\n'
    (movielens / "movies.csv").write_bytes(movies.encode() + b"6,Am\xe9lie (2001),Comedy\n")
    write_files(
        movielens,
        ratings_csv="userId,movieId,rating,timestamp\n7,1,4.0,100\n7,1,five,1\n7,1,9,1\n7,77,3,1\n"
        ",1,3,1\n7,2,nan,1\n7,2,3,noon\n8,2,3.5,2\n",
    )
    report = import_catalogue("movielens", movielens)
    assert (report["items"], report["ratings"]) == (3, 2)
    kinds = {kind["kind"]: kind for kind in report["skipped"]["kinds"]}
    assert {name: kind["rows"] for name, kind in kinds.items()} == {
        "movies.csv: item id is there already in an earlier row": 1,
        "movies.csv: item id is empty or longer than 120 characters": 1,
        "movies.csv: title is empty or longer than 500 characters": 1,
        "movies.csv: has another number of fields than the header": 1,
        "movies.csv: is not valid UTF-8": 1,
        "ratings.csv: rating is not a number": 1,
        "ratings.csv: rating is not a finite number": 1,
        "ratings.csv: rating is outside 0.5 to 5": 1,
        "ratings.csv: item names no item of this catalogue": 1,
        "ratings.csv: viewer is empty or longer than 120 characters": 1,
        "ratings.csv: timestamp is neither Unix seconds nor an ISO 8601 time": 1,
    }
    assert kinds["ratings.csv: rating is not a number"]["examples"] == [
        "ratings.csv row 3: rating 'five' is not a number"
    ]
    warnings = Run.objects.latest("pk").events.filter(level="warning")
    assert any("row 3" in event.message for event in warnings)


def test_repeated_ratings_keep_the_latest(movielens, import_catalogue):
    write_files(
        movielens,
        ratings_csv="userId,movieId,rating,timestamp\n7,1,1,100\n8,1,3,1\n7,1,5,300\n7,1,2,200\n8,1,3,1\n",
    )
    report = import_catalogue("movielens", movielens)
    assert (report["ratings"], report["ratings_repeated"]) == (2, 3)
    assert [(row["viewer_id"], row["rating"]) for row in parquet_rows(Catalogue.objects.get())] == [
        ("7", 5.0),
        ("8", 3.0),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: (f / "ratings.csv").unlink(), r"has no ratings\.csv \(there: links\.csv"),
        (lambda f: (f / "movies.csv").unlink(), r"is not a movielens catalogue: has no movies\.csv"),
        (
            lambda f: (f / "ratings.csv").write_text("userId,movieId,stars\n1,1,3\n"),
            r"ratings\.csv row 1: has no column rating \(there: userId, movieId, stars\)",
        ),
        (
            lambda f: (f / "movies.csv").write_text(""),
            r"movies\.csv: is empty; expected a header with movieId",
        ),
        (
            lambda f: (f / "movies.csv").write_text("movieId,title,genres\n,,\n"),
            "the source has no usable item",
        ),
        (lambda f: (f / "ratings.csv").write_bytes("userId".encode("utf-16")), "has no column userId"),
    ],
)
def test_an_unusable_source_says_why_and_changes_nothing(change, message, movielens, import_catalogue):
    import_catalogue("movielens", movielens)
    before = list(Item.objects.values()), Catalogue.objects.get().ratings_id
    change(movielens)
    with pytest.raises(RunFailedError, match=message):
        import_catalogue("movielens", movielens)
    assert (list(Item.objects.values()), Catalogue.objects.get().ratings_id) == before


def test_nothing_is_half_written_when_the_last_step_fails(movielens, import_catalogue, tmp_path, monkeypatch):
    from annotations.imports import catalogue_run

    def breaks_off(path, faults):
        yield "1", "Toys."
        raise OSError("the disk went away")

    monkeypatch.setattr(catalogue_run, "read_descriptions", breaks_off)
    monkeypatch.setattr(catalogue_run, "check_descriptions", lambda path: None)
    with pytest.raises(RunFailedError, match="the disk went away"):
        import_catalogue("movielens", movielens, descriptions="x.csv")
    assert not Catalogue.objects.exists()
    assert not Item.objects.exists()


def test_a_truncated_zip_is_refused(movielens, import_catalogue, tmp_path):
    path = zip_folder(movielens)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(RunFailedError, match=r"expected a folder or a zip file"):
        import_catalogue("movielens", path)


def test_a_damaged_zip_member_is_named(movielens, import_catalogue):
    path = zip_folder(movielens)
    content = bytearray(path.read_bytes())
    at = content.index(b"ml-tiny/ratings.csv") + len("ml-tiny/ratings.csv") + 3
    content[at : at + 8] = b"\xff" * 8
    path.write_bytes(bytes(content))
    with pytest.raises(RunFailedError, match=r"ratings\.csv cannot be read"):
        import_catalogue("movielens", path)


def test_a_name_taken_by_another_format_is_refused(movielens, import_catalogue, tmp_path):
    import_catalogue("movielens", movielens)
    own = write_files(tmp_path / "own", items_csv="external_id,title\n1,Lamp\n")
    with pytest.raises(RunFailedError, match="catalogue 'tiny' exists with the format 'movielens'"):
        import_catalogue("csv", own, domain="movies")
