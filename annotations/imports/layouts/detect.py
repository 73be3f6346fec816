"""Which layout a source has."""

from annotations.imports.faults import Faults, ImportFileError
from annotations.imports.layouts.layout import Layout
from annotations.imports.layouts.movielens_csv import MovieLensCsv
from annotations.imports.layouts.plain import PlainFiles
from annotations.imports.sources import Source

# format -> its layouts, the first that recognises the source is taken
LAYOUTS: dict[str, tuple[type[MovieLensCsv] | type[PlainFiles], ...]] = {
    "movielens": (MovieLensCsv,),
    "csv": (PlainFiles,),
}
FORMATS = tuple(LAYOUTS)


def detect_layout(source_format: str, source: Source, faults: Faults) -> Layout:
    """Return the layout of ``source``.

    Raises:
        ImportFileError: if no layout of the format fits, with the files that were found.
    """
    for layout in LAYOUTS[source_format]:
        if layout.recognises(source):
            return layout(source, faults)
    first = {"movielens": "movies.csv", "csv": "items.csv or items.jsonl"}[source_format]
    there = ", ".join(source.names()[:12]) or "no files"
    raise ImportFileError(
        f"{source.path}: is not a {source_format} catalogue: has no {first} (there: {there})"
    )
