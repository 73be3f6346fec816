"""A catalogue in miniature, cut from the demo's own files."""

import csv
from pathlib import Path

import annotations.demo
from annotations.models import Catalogue
from annotations.services.runs import create_run, execute_inline

DEMO = Path(annotations.demo.__file__).parent
FILMS = 30
VIEWERS = 36


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def import_miniature(tmp_path: Path) -> Catalogue:
    """30 films with descriptions, 36 viewers and their ratings, imported by the product's own importer."""
    folder = tmp_path / "movielens"
    folder.mkdir()
    films = _rows(DEMO / "movielens" / "movies.csv")[:FILMS]
    film_ids = {row["movieId"] for row in films}
    ratings = [row for row in _rows(DEMO / "movielens" / "ratings.csv") if row["movieId"] in film_ids]
    viewer_ids = sorted({row["userId"] for row in ratings}, key=int)[:VIEWERS]
    _write(folder / "movies.csv", films)
    _write(folder / "ratings.csv", [row for row in ratings if row["userId"] in set(viewer_ids)])
    descriptions = _rows(DEMO / "descriptions.csv")
    identity = next(iter(descriptions[0]))
    _write(tmp_path / "descriptions.csv", [row for row in descriptions if row[identity] in film_ids])
    run = create_run(
        kind="import_catalogue",
        config={
            "format": "movielens",
            "path": str(folder),
            "name": "miniature",
            "descriptions": str(tmp_path / "descriptions.csv"),
        },
        dispatched=False,
    )
    execute_inline(run=run)
    return Catalogue.objects.get(name="miniature")
