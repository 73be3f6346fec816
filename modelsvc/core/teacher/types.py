"""What a teacher reads and writes. Source: App. C."""

from dataclasses import dataclass
from typing import Literal

Polarity = Literal["like", "dislike"]
Criterion = Literal["precision", "appeal", "coverage", "prioritization", "overall"]
CRITERIA: tuple[Criterion, ...] = ("precision", "appeal", "coverage", "prioritization", "overall")


@dataclass(frozen=True)
class ItemFacts:
    """Everything a teacher may know of an item: its title, description, year, genres and tags.

    ``title`` may be in the catalogue's own layout ("Rock, The (1996)"). ``description`` may be empty.
    """

    item_id: str
    title: str
    description: str = ""
    year: int | None = None
    genres: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class RatedItem:
    """An item and one viewer's rating of it, in the catalogue's own rating units."""

    item: ItemFacts
    rating: float


@dataclass(frozen=True)
class ViewerHistory:
    """What one viewer liked and disliked; items rated in between are left out. Source: App. C."""

    viewer_id: str
    liked: tuple[RatedItem, ...]
    disliked: tuple[RatedItem, ...]


@dataclass(frozen=True)
class ProfileAttribute:
    """One bullet of a viewer's profile, U_j(u): a sentence, its polarity, and the items it rests on.

    ``weight`` (positive, no unit) says how much the attribute matters beside the others of the profile.
    """

    text: str
    polarity: Polarity
    evidence: tuple[str, ...] = ()
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.polarity not in ("like", "dislike"):
            raise ValueError(f"polarity must be 'like' or 'dislike', got {self.polarity!r}")
        if not self.weight > 0:
            raise ValueError(f"weight must be positive, got {self.weight!r} for {self.text!r}")


Profile = tuple[ProfileAttribute, ...]


@dataclass(frozen=True)
class Finding:
    """One fault that a critique names, under the criterion it offends."""

    criterion: Criterion
    text: str


@dataclass(frozen=True)
class Critique:
    """What a teacher finds wrong with an endorsement; no findings means it passes."""

    findings: tuple[Finding, ...]
    source: str

    @property
    def text(self) -> str:
        """The findings as one paragraph."""
        if not self.findings:
            return "No fault found."
        return " ".join(finding.text for finding in self.findings)


@dataclass(frozen=True)
class PreferenceLabel:
    """A soft label: the probability that the first text is preferred under one criterion.

    ``p_first`` is in [0, 1]; ``reasons`` say what the label rests on; ``source`` names the teacher.
    """

    criterion: Criterion
    item_id: str
    first_text: str
    second_text: str
    p_first: float
    reasons: tuple[str, ...]
    source: str
