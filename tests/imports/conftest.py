import json
import zipfile
from pathlib import Path

import pytest

from annotations.models import Catalogue
from annotations.services.runs import create_run, execute_inline

MOVIES = """movieId,title,genres
1,Toy Story (1995),Adventure|Animation
2,"Shawshank Redemption, The (1994)",Drama
3,Paterson,(no genres listed)
"""
RATINGS = """userId,movieId,rating,timestamp
7,1,4.0,100
7,2,5.0,101
8,1,0.5,102
"""
TAGS = """userId,movieId,tag,timestamp
7,1,pixar,1
8,1,Pixar,2
9,1,Pixar,3
7,1,fun,4
"""
LINKS = "movieId,imdbId,tmdbId\n1,0114709,862\n"


@pytest.fixture(autouse=True)
def _stores(settings, tmp_path):
    settings.ARTIFACTS_URL = str(tmp_path / "artifacts")
    settings.SCRATCH_DIR = tmp_path / "scratch"


def write_files(folder: Path, **files: str) -> Path:
    """Write files named by their stem with ``_`` for the dot: ``items_csv="…"``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / ".".join(name.rsplit("_", 1))).write_text(text, encoding="utf-8")
    return folder


def zip_folder(folder: Path, inside: str = "ml-tiny/") -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, inside + file.name)
    return path


@pytest.fixture
def movielens(tmp_path):
    return write_files(
        tmp_path / "ml", movies_csv=MOVIES, ratings_csv=RATINGS, tags_csv=TAGS, links_csv=LINKS
    )


@pytest.fixture
def import_catalogue():
    """Import inline and return the report."""

    def run(source_format: str, path: Path, name: str = "tiny", **config):
        config = {"format": source_format, "path": str(path), "name": name, **config}
        return execute_inline(run=create_run(kind="import_catalogue", config=config, dispatched=False)).result

    return run


@pytest.fixture
def catalogue(movielens, import_catalogue):
    import_catalogue("movielens", movielens)
    return Catalogue.objects.get(name="tiny")


def json_lines(path: Path, rows: list) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
