"""The one interface of every teacher, whatever stands behind it. Source: App. C, App. F."""

from typing import Protocol

from modelsvc.core.teacher.types import (
    Criterion,
    Critique,
    ItemFacts,
    PreferenceLabel,
    Profile,
    ProfileAttribute,
    ViewerHistory,
)


class Teacher(Protocol):
    """Writes profiles and endorsements, criticizes, revises and labels.

    Equal arguments and equal seeds give equal answers. ``source`` is the name shown wherever the
    teacher's texts and labels appear.
    """

    @property
    def source(self) -> str:
        """The name under which texts and labels are published."""
        ...

    def describe_item(self, item: ItemFacts, *, seed: int) -> str:
        """A description from title, year, genres and tags, for an item that has none."""
        ...

    def profile(self, history: ViewerHistory, *, seed: int) -> Profile:
        """The viewer's attributes, most important first, from what they liked and disliked."""
        ...

    def endorse(self, item: ItemFacts, profile: Profile, *, seed: int) -> str:
        """An endorsement of the item for a viewer with this profile; an empty profile gives a generic one."""
        ...

    def critique(self, item: ItemFacts, profile: Profile, text: str, *, seed: int) -> Critique:
        """What is wrong with an endorsement."""
        ...

    def revise(self, item: ItemFacts, profile: Profile, text: str, critique: Critique, *, seed: int) -> str:
        """The endorsement again, without the faults that the critique names."""
        ...

    def prefer(
        self, criterion: Criterion, item: ItemFacts, profile: Profile, first: str, second: str
    ) -> PreferenceLabel:
        """P(first preferred) under a criterion; swapping the texts gives the complement."""
        ...

    def covers(self, text: str, attribute: ProfileAttribute) -> float:
        """The probability, in [0, 1], that the text covers the attribute."""
        ...

    def bad_variant(
        self, criterion: Criterion, item: ItemFacts, profile: Profile, good: str, *, seed: int
    ) -> str:
        """A text like the good one but plainly worse under one criterion. Source: App. F.

        Where no worse text can be written (a film that bears on nothing in the profile), ``good`` comes back.
        """
        ...
