"""Teachers: who writes profiles and endorsements and labels preferences."""

from modelsvc.core.teacher.interface import Teacher
from modelsvc.core.teacher.rules import RulesTeacher, split_history
from modelsvc.core.teacher.types import (
    CRITERIA,
    Criterion,
    Critique,
    Finding,
    ItemFacts,
    Polarity,
    PreferenceLabel,
    Profile,
    ProfileAttribute,
    RatedItem,
    ViewerHistory,
)

__all__ = [
    "CRITERIA",
    "Criterion",
    "Critique",
    "Finding",
    "ItemFacts",
    "Polarity",
    "PreferenceLabel",
    "Profile",
    "ProfileAttribute",
    "RatedItem",
    "RulesTeacher",
    "Teacher",
    "ViewerHistory",
    "split_history",
]
