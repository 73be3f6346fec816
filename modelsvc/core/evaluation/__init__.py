"""Model-based evaluation. Source: sec. 5, App. B."""

from modelsvc.core.evaluation.model_based import (
    EvaluationError,
    ModelBasedEvaluation,
    SystemComparison,
    SystemScore,
    compare,
    evaluate_systems,
    summarize,
)

__all__ = [
    "EvaluationError",
    "ModelBasedEvaluation",
    "SystemComparison",
    "SystemScore",
    "compare",
    "evaluate_systems",
    "summarize",
]
