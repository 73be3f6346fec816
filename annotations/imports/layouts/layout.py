"""What every catalogue layout offers the importer: streams of items, viewers, tags and ratings."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from annotations.imports.tables import OnProgress
from annotations.services.catalogues import ItemRow, ViewerRow
from annotations.services.profiles import ProfileRow


class RatingText(NamedTuple):
    """A rating as the file has it, with its place; the importer checks and converts it."""

    file: str
    row: int
    viewer: str
    item: str
    rating: str
    timestamp: str


class NumberedItem(NamedTuple):
    file: str
    row: int
    item: ItemRow


class Layout(Protocol):
    """One official or own file layout. A new one is a module beside this and a line in ``detect``.

    Streams may be read once each; broken rows go to the ``Faults`` the layout was made with.
    ``scale`` is the range of ratings if the format fixes it.
    """

    domain: str
    licence: str
    scale: tuple[float, float] | None
    files: tuple[str, ...]

    def items(self, on_progress: OnProgress) -> Iterator[NumberedItem]: ...

    def ratings(self, on_progress: OnProgress) -> Iterator[RatingText]: ...

    def viewers(self) -> Iterator[tuple[str, int, ViewerRow]]: ...

    def tags(self) -> Iterator[tuple[str, str]]: ...

    def profiles(self) -> Iterator[tuple[str, int, ProfileRow]]: ...
