"""An endorser as a folder: safetensors, JSON, tokenizer and the SHA-256 of each file."""

import copy
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from modelsvc.core.endorser.config import EndorserConfig
from modelsvc.core.endorser.lora import has_lora, merge_lora
from modelsvc.core.endorser.model import Endorser
from modelsvc.core.endorser.pretrained import load_folder

_FORMAT = 1


class CheckpointError(RuntimeError):
    """A checkpoint folder is incomplete, damaged or of an unknown format."""


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def save_endorser(endorser: Endorser, folder: Path, *, data_sha256: Mapping[str, str] | None = None) -> None:
    """Write transformer/ (a plain Hugging Face folder), adapters.safetensors, endorser.json, sha256.json.

    Low-rank parts are merged into what is written, not into ``endorser``.

    Args:
        data_sha256: hashes of the data that it was trained on, by name, for the record.
    """
    folder.mkdir(parents=True, exist_ok=True)
    transformer = endorser.transformer
    if has_lora(transformer):
        transformer = copy.deepcopy(transformer)
        merge_lora(transformer)
    transformer.save_pretrained(folder / "transformer")
    endorser.tokenizer.save_pretrained(folder / "transformer")
    adapters = {name: tensor.detach().contiguous() for name, tensor in endorser.adapters.state_dict().items()}
    save_file(adapters, folder / "adapters.safetensors")
    facts = {
        "format": _FORMAT,
        "config": endorser.config.model_dump(),
        "data_sha256": dict(data_sha256 or {}),
    }
    (folder / "endorser.json").write_text(json.dumps(facts, indent=1, sort_keys=True))
    hashes = {
        path.relative_to(folder).as_posix(): file_sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "sha256.json"
    }
    (folder / "sha256.json").write_text(json.dumps(hashes, indent=1))


def load_endorser(folder: Path) -> Endorser:
    """Read an endorser back, after checking every file against its SHA-256.

    Raises:
        CheckpointError: naming the file that is missing or was changed.
    """
    if not (folder / "sha256.json").is_file():
        raise CheckpointError(
            f"{folder}: no sha256.json; not an endorser's folder, or one not written to its end"
        )
    for name, expected in json.loads((folder / "sha256.json").read_text()).items():
        if not (folder / name).is_file():
            raise CheckpointError(f"{folder / name}: missing")
        if file_sha256(folder / name) != expected:
            raise CheckpointError(f"{folder / name}: its SHA-256 is not the recorded one")
    facts = json.loads((folder / "endorser.json").read_text())
    if facts["format"] != _FORMAT:
        raise CheckpointError(
            f"{folder / 'endorser.json'}: format {facts['format']}, this version reads {_FORMAT}"
        )
    pretrained = load_folder(folder / "transformer")
    endorser = Endorser(pretrained.transformer, pretrained.tokenizer, EndorserConfig(**facts["config"]))
    endorser.adapters.load_state_dict(load_file(folder / "adapters.safetensors"))
    endorser.transformer.to(torch.float32)
    endorser.eval()
    return endorser
