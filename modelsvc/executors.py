"""Registers the machine side's run kinds. Only dotted paths: nothing heavy is imported here."""

from annotations.runs.registry import RunKind, register
from modelsvc.configs import (
    AiLabelsConfig,
    EmbeddingsConfig,
    EndorserRunConfig,
    EvaluateConfig,
    GenerateConfig,
    PolicyConfig,
    ProfilesConfig,
    RewardsConfig,
    TeacherEndorsementsConfig,
)

SERVICES = "modelsvc.services"

KINDS = (
    RunKind(
        "embeddings", "Collaborative filtering", EmbeddingsConfig, f"{SERVICES}.embeddings:fit", "training"
    ),
    RunKind("profiles", "Viewer profiles", ProfilesConfig, f"{SERVICES}.teaching:write_profiles", "training"),
    RunKind(
        "teacher_endorsements",
        "Teacher's endorsements",
        TeacherEndorsementsConfig,
        f"{SERVICES}.teaching:write_endorsements",
        "training",
    ),
    RunKind(
        "endorser",
        "Endorser training",
        EndorserRunConfig,
        f"{SERVICES}.endorsers:train",
        "training",
        needs=("embeddings",),
    ),
    RunKind(
        "generate",
        "Endorsements",
        GenerateConfig,
        f"{SERVICES}.generation:generate",
        "training",
        needs=("policy", "embeddings"),
    ),
    RunKind(
        "ai_labels",
        "AI preference labels",
        AiLabelsConfig,
        f"{SERVICES}.teaching:label_preferences",
        "training",
    ),
    RunKind(
        "rewards",
        "Reward models",
        RewardsConfig,
        f"{SERVICES}.rewards:train",
        "training",
        needs=("snapshot", "embeddings"),
    ),
    RunKind(
        "policy",
        "P4LM fine-tuning",
        PolicyConfig,
        f"{SERVICES}.policy:train",
        "training",
        needs=("sft", "rewards", "embeddings"),
    ),
    RunKind(
        "evaluate",
        "Model-based evaluation",
        EvaluateConfig,
        f"{SERVICES}.evaluation:evaluate",
        "training",
        needs=("rewards", "embeddings"),
    ),
)


def register_all() -> None:
    """Called once at start-up."""
    for kind in KINDS:
        register(kind)
