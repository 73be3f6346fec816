"""Cut the dense MovieLens subset that ships with the demo.

Run once, on an unpacked official ml-latest-small folder::

    python -m annotations.demo.subset PATH/ml-latest-small annotations/demo/movielens

Keeps the most rated films and, among the viewers of those films, the most active ones, in the
official CSV layout, so that the ordinary MovieLens importer reads the result.
"""

import argparse
import csv
import shutil
from collections import Counter
from pathlib import Path

FILMS = 190
VIEWERS = 240


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def cut_subset(source: Path, target: Path, *, films: int = FILMS, viewers: int = VIEWERS) -> None:
    """Write movies, ratings, tags and links of the densest films and viewers to ``target``."""
    ratings = read_rows(source / "ratings.csv")
    film_counts = Counter(row["movieId"] for row in ratings)
    film_ids = set(sorted(film_counts, key=lambda k: (-film_counts[k], int(k)))[:films])
    viewer_counts = Counter(row["userId"] for row in ratings if row["movieId"] in film_ids)
    viewer_ids = set(sorted(viewer_counts, key=lambda k: (-viewer_counts[k], int(k)))[:viewers])

    def kept(row: dict[str, str]) -> bool:
        return row["movieId"] in film_ids and row.get("userId", next(iter(viewer_ids))) in viewer_ids

    target.mkdir(parents=True, exist_ok=True)
    for name in ("movies.csv", "ratings.csv", "tags.csv", "links.csv"):
        write_rows(target / name, [row for row in read_rows(source / name) if kept(row)])
    licence = next(p for n in ("README.txt", "OFFICIAL_README.txt") if (p := source / n).exists())
    shutil.copyfile(licence, target / "README.txt")


def main() -> None:
    parser = argparse.ArgumentParser(description="Cut the demo's dense subset of MovieLens latest-small.")
    parser.add_argument("source", type=Path, help="unpacked ml-latest-small folder")
    parser.add_argument("target", type=Path, help="folder to write the subset to")
    arguments = parser.parse_args()
    cut_subset(arguments.source, arguments.target)


if __name__ == "__main__":
    main()
