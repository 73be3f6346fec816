"""What a study is launched from. Every field is documented in docs/study_spec.md."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from annotations.assignment.questions import QUESTIONS, Question, in_order
from annotations.crowd.spec import CrowdSpec

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=80)]

DEFAULT_CONSENT = """\
## Before you begin

You will compare short texts that recommend something to a particular person, and say which you find
more accurate, more compelling and closer to what that person likes.

- Taking part is voluntary. You may stop at any time, without giving a reason.
- We store your answers and how long they took. We do not ask for your name.
- Your answers may be published and used for research, under a random identifier.

There are no right or wrong opinions. Please read each text before you answer.
"""

DEFAULT_INSTRUCTIONS = """\
## How it works

Each page shows a **description** and two **endorsements**, A and B, and asks the same few questions.

1. **Accuracy.** Take the description as the truth. A text that adds or changes facts is less accurate,
   however well it is written.
2. **Appeal.** Which text would make someone more curious? Judge the writing, not whether you would
   choose the thing yourself.
3. **Preferences.** You will see preferences of one person, one at a time. A text *covers* a preference
   if it says something that bears on it, for or against. Naming a drawback counts as covering a dislike.
4. **Overall.** Weigh everything as you see fit.

Which text is A and which is B is decided by chance each time. Your answers are saved as you go: you can
close the page and come back to it by the same link in the same browser.
"""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class PairSelection(_Strict):
    """Pairs taken from the catalogue's recorded splits."""

    split: Literal["collect", "test"] | None = None
    limit: int | None = Field(default=None, ge=1)
    with_texts_only: bool = False


class PairRef(_Strict):
    """One pair, by the external ids of its viewer and item."""

    viewer: str = Field(min_length=1)
    item: str = Field(min_length=1)

    @field_validator("viewer", "item", mode="before")
    @classmethod
    def _ids_are_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _pairs_form(value: object) -> str:
    return "selection" if isinstance(value, PairSelection | dict) else "list"


Pairs = Annotated[
    Annotated[PairSelection, Tag("selection")] | Annotated[tuple[PairRef, ...], Tag("list")],
    Discriminator(_pairs_form),
]


class StudySpec(_Strict):
    """A study to launch."""

    name: Slug
    title: str = Field(min_length=1, max_length=200)
    catalogue: Slug
    purpose: Literal["collect", "evaluate"]
    seed: int = Field(default=0, ge=0, lt=2**63)
    baseline: Slug
    tests: tuple[Slug, ...] = Field(min_length=1)
    pairs: Pairs = PairSelection()
    questions: tuple[Question, ...] = QUESTIONS
    attributes_per_comparison: int = Field(default=3, ge=0, le=20)
    redundancy: int = Field(default=3, ge=1, le=1000)
    ties: bool = False
    both_bad: bool = False
    skip: bool = False
    blinded_until_close: bool = True
    lease_s: int = Field(default=1800, ge=60, le=7 * 24 * 3600)
    consent: str = Field(default=DEFAULT_CONSENT, min_length=1)
    instructions: str = Field(default=DEFAULT_INSTRUCTIONS, min_length=1)
    assignments_per_rater: int | None = Field(default=None, ge=1)
    completion_code: str | None = Field(default=None, min_length=4, max_length=40)
    crowd: CrowdSpec | None = None

    @field_validator("questions")
    @classmethod
    def _questions_make_sense(cls, value: tuple[Question, ...]) -> tuple[Question, ...]:
        if not value:
            raise ValueError("at least one question must be asked")
        if len(set(value)) != len(value):
            raise ValueError("a question is named twice")
        if "prioritization" in value and "coverage" not in value:
            raise ValueError("prioritization is asked only where both cover, so it needs coverage")
        return tuple(in_order(value))

    @field_validator("pairs")
    @classmethod
    def _pairs_are_distinct(cls, value: Pairs) -> Pairs:
        if isinstance(value, tuple):
            if not value:
                raise ValueError("the list of pairs is empty")
            if len(set(value)) != len(value):
                twice = next(pair for pair in value if value.count(pair) > 1)
                raise ValueError(f"viewer {twice.viewer}, item {twice.item} is listed twice")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> "StudySpec":
        if len(set(self.tests)) != len(self.tests):
            raise ValueError("tests: a system is named twice")
        if self.baseline in self.tests:
            raise ValueError(f"tests: {self.baseline!r} is the baseline and cannot be compared with itself")
        if self.crowd is not None and self.completion_code not in (None, self.crowd.codes.completed):
            raise ValueError("completion_code: differs from crowd.codes.completed; leave it out")
        if "coverage" in self.questions and self.attributes_per_comparison == 0:
            raise ValueError("attributes_per_comparison: the coverage question needs at least 1")
        if isinstance(self.pairs, PairSelection) and self.pairs.split not in (None, self.wanted_split):
            raise ValueError(
                f"pairs: a study with purpose {self.purpose!r} uses the {self.wanted_split!r} split, "
                f"not {self.pairs.split!r}"
            )
        return self

    @property
    def wanted_split(self) -> Literal["collect", "test"]:
        """The split whose pairs a study of this purpose may show."""
        return "collect" if self.purpose == "collect" else "test"
