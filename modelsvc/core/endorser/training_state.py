"""A resumable training state as safetensors and JSON: trained weights, optimizer, step, random state."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

_TENSORS, _STATE = "state.safetensors", "state.json"


@dataclass(frozen=True)
class Resumed:
    """What was read back: steps done, and the caller's own facts."""

    step: int
    extra: Mapping[str, Any]


class ResumeError(RuntimeError):
    """A stored training state does not fit the run that wants to resume from it."""


def weights_digest(module: nn.Module) -> str:
    """SHA-256 over the names and bytes of all weights and buffers, taken before the first step.

    A state holds the trained weights only, so it fits no other starting weights than its own.
    """
    digest = hashlib.sha256()
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def save_state(
    folder: Path,
    *,
    parameters: Mapping[str, nn.Parameter],
    optimizer: torch.optim.Optimizer,
    step: int,
    fingerprint: str,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Write the state beside the last one, then put it in its place, so that a kill leaves one whole state.

    Args:
        parameters: the weights being trained, by name; all others are reproduced by the caller.
        fingerprint: of the run's config, data and starting weights; load_state refuses another one.
        extra: JSON facts of the caller (for example an adaptive coefficient).
    """
    tensors: dict[str, Tensor] = {"random/torch": torch.random.get_rng_state()}
    for name, parameter in parameters.items():
        tensors[f"weight/{name}"] = parameter.detach().contiguous()
        for key, value in optimizer.state[parameter].items():
            tensors[f"optimizer/{key}/{name}"] = torch.as_tensor(value).detach().contiguous()
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    save_file({name: tensor.clone() for name, tensor in tensors.items()}, fresh / _TENSORS)
    facts = {"step": step, "fingerprint": fingerprint, "extra": dict(extra or {})}
    (fresh / _STATE).write_text(json.dumps(facts, indent=1))
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.replace(folder, old)
    os.replace(fresh, folder)
    shutil.rmtree(old, ignore_errors=True)


def load_state(
    folder: Path,
    *,
    parameters: Mapping[str, nn.Parameter],
    optimizer: torch.optim.Optimizer,
    fingerprint: str,
) -> Resumed | None:
    """Put a saved state back in place; None if there is none.

    Raises:
        ResumeError: if the state belongs to another config, data or set of weights, or cannot be read.
    """
    if not folder.exists():
        old = folder.with_name(folder.name + ".old")  # a kill between the two renames of save_state
        if not old.exists():
            return None
        os.replace(old, folder)
    try:
        facts = json.loads((folder / _STATE).read_text())
        tensors = load_file(folder / _TENSORS)
    except (OSError, ValueError, SafetensorError) as error:
        raise ResumeError(f"{folder}: not a readable state ({error})") from error
    if facts["fingerprint"] != fingerprint:
        raise ResumeError(f"{folder}: state of another run (config, data or starting weights differ)")
    names = {name.removeprefix("weight/") for name in tensors if name.startswith("weight/")}
    if names != set(parameters):
        raise ResumeError(f"{folder}: state of other weights: {sorted(names ^ set(parameters))[:3]}")
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(tensors[f"weight/{name}"])
            suffix = f"/{name}"
            optimizer.state[parameter] = {
                key.removeprefix("optimizer/").removesuffix(suffix): value.clone()
                for key, value in tensors.items()
                if key.startswith("optimizer/") and key.endswith(suffix) and key.count("/") == 2
            }
    torch.random.set_rng_state(tensors["random/torch"])
    return Resumed(int(facts["step"]), facts["extra"])
