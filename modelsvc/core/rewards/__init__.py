"""Reward models and their aggregation. Source: sec. 4.1 and 4.2."""

from modelsvc.core.rewards.app import AppConfig, train_app
from modelsvc.core.rewards.description_vectors import DescriptionVectors
from modelsvc.core.rewards.encoder import (
    EncoderError,
    TextEncoder,
    load_encoder,
    load_minilm,
    tiny_random_encoder,
)
from modelsvc.core.rewards.entailment import HuggingFaceNli
from modelsvc.core.rewards.joint import JointRewardConfig
from modelsvc.core.rewards.nli_precision_labels import examples_from_precision_pairs
from modelsvc.core.rewards.nli_recipe import ItemText, NliExample
from modelsvc.core.rewards.nli_training import NliTrainingConfig, train_entailment
from modelsvc.core.rewards.pair_training import PairTrainingConfig
from modelsvc.core.rewards.pcov import PcovConfig, train_pcov
from modelsvc.core.rewards.ppr import PprConfig, train_ppr
from modelsvc.core.rewards.prec import PrecisionModel
from modelsvc.core.rewards.records import CoverageTarget, PreferencePair, RewardDataError, TrainingCallback
from modelsvc.core.rewards.reward_models import MissingReferenceError, RewardFunction, RewardModels
from modelsvc.core.rewards.storage import RewardModelsFileError
from modelsvc.core.rewards.trained_scorer import TrainedScorer

__all__ = [
    "AppConfig",
    "CoverageTarget",
    "DescriptionVectors",
    "EncoderError",
    "HuggingFaceNli",
    "ItemText",
    "JointRewardConfig",
    "MissingReferenceError",
    "NliExample",
    "NliTrainingConfig",
    "PairTrainingConfig",
    "PcovConfig",
    "PprConfig",
    "PrecisionModel",
    "PreferencePair",
    "RewardDataError",
    "RewardFunction",
    "RewardModels",
    "RewardModelsFileError",
    "TextEncoder",
    "TrainedScorer",
    "TrainingCallback",
    "examples_from_precision_pairs",
    "load_encoder",
    "load_minilm",
    "tiny_random_encoder",
    "train_app",
    "train_entailment",
    "train_pcov",
    "train_ppr",
]
