"""The offline teacher made of rules."""

from modelsvc.core.teacher.rules.profiles import (
    AspectStatistic,
    aspect_statistics,
    catalogue_rates,
    split_history,
)
from modelsvc.core.teacher.rules.teacher import RulesTeacher

__all__ = ["AspectStatistic", "RulesTeacher", "aspect_statistics", "catalogue_rates", "split_history"]
