"""The folder of a set of reward models: safetensors and JSON, nothing pickled."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from modelsvc.core.rewards.alignment_nli import AlignmentNli, AlignmentNliConfig
from modelsvc.core.rewards.description_vectors import DescriptionVectors
from modelsvc.core.rewards.encoder import EncoderError, TextEncoder, load_encoder
from modelsvc.core.rewards.entailment import EntailmentModel, HuggingFaceNli
from modelsvc.core.rewards.prec import PrecisionModel
from modelsvc.core.rewards.reward_models import RewardModels
from modelsvc.core.rewards.scorer import RewardScorer, ScorerConfig

FORMAT_VERSION = 1
HEADER = "reward_models.json"


class RewardModelsFileError(ValueError):
    """A saved folder of reward models that is incomplete or does not fit; the message names the file."""


def save_reward_models(models: RewardModels, folder: Path) -> None:
    """Write ``encoder/`` (the frozen pretrained one), one .safetensors per model, and the header.

    A model's file holds only the weights that differ from the pretrained encoder's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    base = models.app.descriptions.encoder
    base.save(folder / "encoder")
    header: dict[str, object] = {
        "format_version": FORMAT_VERSION,
        "scorers": {name: scorer.config.as_dict() for name, scorer in models.scorers().items()},
        "metrics": models.metrics,
    }
    for name, scorer in models.scorers().items():
        save_file(_own_weights(scorer, base), folder / f"{name}.safetensors")
    entailment = models.prec.entailment
    prec: dict[str, object] = {"aggregation": models.prec.aggregation}
    if isinstance(entailment, AlignmentNli):
        if _differs(entailment.encoder, base):
            raise ValueError("the entailment model must stand on the same pretrained encoder as the scorers")
        prec |= {"kind": "alignment", "config": entailment.config.as_dict()}
        save_file(_own_weights(entailment, base), folder / "prec.safetensors")
    elif isinstance(entailment, HuggingFaceNli):
        prec |= {"kind": "hugging_face"}
        entailment.model.save_pretrained(folder / "nli", safe_serialization=True)
        entailment.tokenizer.save_pretrained(folder / "nli")
    else:
        raise TypeError(f"cannot save an entailment model of type {type(entailment).__name__}")
    header["prec"] = prec
    (folder / HEADER).write_text(json.dumps(header, indent=2, allow_nan=False), encoding="utf-8")


def load_reward_models(folder: Path) -> RewardModels:
    """Read what ``save_reward_models`` wrote.

    Raises:
        RewardModelsFileError: naming the file that is missing or does not fit.
    """
    header = _read_header(folder / HEADER)
    try:
        base = load_encoder(folder / "encoder")
    except EncoderError as error:
        raise RewardModelsFileError(str(error)) from error
    descriptions = DescriptionVectors(base)
    try:
        scorers = {
            name: RewardScorer(base, _scorer_config(header["scorers"][name]), descriptions)
            for name in ("app", "pcov", "ppr")
        }
        prec = header["prec"]
        entailment: EntailmentModel
        if prec["kind"] == "alignment":
            entailment = AlignmentNli(base, AlignmentNliConfig(**prec["config"]))
            _fill(entailment, folder / "prec.safetensors", base)
        else:
            entailment = HuggingFaceNli(folder / "nli")
        for name, scorer in scorers.items():
            _fill(scorer, folder / f"{name}.safetensors", base)
        return RewardModels(
            prec=PrecisionModel(entailment, aggregation=prec["aggregation"]),
            metrics=header.get("metrics", {}),
            **scorers,
        )
    except (KeyError, TypeError) as error:
        raise RewardModelsFileError(f"{folder / HEADER}: {error!r}") from error


def _differs(encoder: TextEncoder, base: TextEncoder) -> bool:
    ours, theirs = encoder.state_dict(), base.state_dict()
    return set(ours) != set(theirs) or any(not torch.equal(ours[name], theirs[name]) for name in ours)


def _own_weights(module: nn.Module, base: TextEncoder) -> dict[str, Tensor]:
    shared = {f"encoder.{name}": tensor for name, tensor in base.state_dict().items()}
    return {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in module.state_dict().items()
        if not (name in shared and torch.equal(shared[name], tensor))
    }


def _fill(module: nn.Module, path: Path, base: TextEncoder) -> None:
    try:
        weights = load_file(path)
    except FileNotFoundError as error:
        raise RewardModelsFileError(f"{path}: file is missing") from error
    except SafetensorError as error:
        raise RewardModelsFileError(f"{path}: not a safetensors file ({error})") from error
    shared = {f"encoder.{name}" for name in base.state_dict()}
    try:
        outcome = module.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        raise RewardModelsFileError(f"{path}: {error}") from error
    missing = [name for name in outcome.missing_keys if name not in shared]
    if missing or outcome.unexpected_keys:
        raise RewardModelsFileError(f"{path}: missing {missing}, unexpected {outcome.unexpected_keys}")
    module.eval()


def _read_header(path: Path) -> dict[str, Any]:
    try:
        header = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RewardModelsFileError(f"{path}: file is missing") from error
    except ValueError as error:
        raise RewardModelsFileError(f"{path}: not JSON ({error})") from error
    if not isinstance(header, dict) or header.get("format_version") != FORMAT_VERSION:
        raise RewardModelsFileError(f"{path}: format_version is not {FORMAT_VERSION}")
    return header


def _scorer_config(fields: dict[str, Any]) -> ScorerConfig:
    return ScorerConfig(**{**fields, "uses": tuple(fields["uses"])})
