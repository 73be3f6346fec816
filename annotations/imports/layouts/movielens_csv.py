"""MovieLens in the CSV layout of latest, latest-small and 25M: movies, ratings, tags, links."""

from collections.abc import Iterator

from annotations.imports.faults import Faults
from annotations.imports.layouts.layout import NumberedItem, RatingText
from annotations.imports.sources import Source
from annotations.imports.tables import Column, OnProgress, read_rows
from annotations.imports.titles import split_title
from annotations.services.catalogues import ItemRow, ViewerRow
from annotations.services.profiles import ProfileRow

MOVIES, RATINGS, TAGS, LINKS = "movies.csv", "ratings.csv", "tags.csv", "links.csv"
NO_GENRES = "(no genres listed)"
LICENCE = (
    "GroupLens terms of use: research use with acknowledgement (Harper and Konstan 2015, ACM TiiS 5:4, "
    "https://doi.org/10.1145/2827872), no commercial use, redistribution under the same terms."
)


class MovieLensCsv:
    """Titles are put in natural order and their year split off; link ids go to the item's metadata."""

    domain = "movies"
    licence = LICENCE
    scale: tuple[float, float] | None = (0.5, 5.0)
    files = (MOVIES, RATINGS, TAGS, LINKS)

    def __init__(self, source: Source, faults: Faults) -> None:
        source.require(MOVIES)
        source.require(RATINGS)
        self.source = source
        self.faults = faults

    @staticmethod
    def recognises(source: Source) -> bool:
        return MOVIES in source

    def items(self, on_progress: OnProgress) -> Iterator[NumberedItem]:
        links = self._links()
        columns = [Column("movieId"), Column("title"), Column("genres")]
        for row, (movie_id, text, genres) in read_rows(
            self.source, MOVIES, columns, self.faults, on_progress
        ):
            title, year = split_title(text)
            categories = tuple(g for g in genres.split("|") if g and g != NO_GENRES)
            item = ItemRow(movie_id.strip(), title, year, categories, metadata=links.get(movie_id, {}))
            yield NumberedItem(MOVIES, row, item)

    def _links(self) -> dict[str, dict[str, str]]:
        if LINKS not in self.source:
            return {}
        columns = [Column("movieId"), Column("imdbId", required=False), Column("tmdbId", required=False)]
        return {
            movie_id: {key: value for key, value in (("imdb", imdb), ("tmdb", tmdb)) if value}
            for _, (movie_id, imdb, tmdb) in read_rows(self.source, LINKS, columns, self.faults)
        }

    def ratings(self, on_progress: OnProgress) -> Iterator[RatingText]:
        columns = [Column("userId"), Column("movieId"), Column("rating"), Column("timestamp", required=False)]
        for row, values in read_rows(self.source, RATINGS, columns, self.faults, on_progress):
            yield RatingText(RATINGS, row, *values)

    def viewers(self) -> Iterator[tuple[str, int, ViewerRow]]:
        return iter(())

    def tags(self) -> Iterator[tuple[str, str]]:
        if TAGS not in self.source:
            return
        columns = [Column("movieId"), Column("tag")]
        for row, (movie_id, tag) in read_rows(self.source, TAGS, columns, self.faults):
            tag = " ".join(tag.split())
            if not tag:
                self.faults.add(TAGS, row, "tag", "is empty")
                continue
            yield movie_id, tag[:100]

    def profiles(self) -> Iterator[tuple[str, int, ProfileRow]]:
        return iter(())
