"""What Prec needs of an entailment model, and how any Hugging Face NLI model gives it."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from modelsvc.core.rewards.encoder import EncoderError
from modelsvc.core.rewards.mixed_precision import autocast
from modelsvc.core.rewards.sentences import split_sentences

ENTAILMENT, NEUTRAL, CONTRADICTION = 0, 1, 2


class EntailmentModel(Protocol):
    """Three logits (entailment, neutral, contradiction) for every premise and hypothesis."""

    def logits(self, premises: Sequence[str], hypotheses: Sequence[str]) -> Tensor:
        """z, float32 [N, 3]; premises of any length, none truncated."""
        ...


def entailment_logit(logits: Tensor) -> Tensor:
    """z_e − logsumexp(z_n, z_c), so that σ of it is P(entailment). Source: sec. 4.1, Prec.

    Args:
        logits: float32 [..., 3] in the order entailment, neutral, contradiction.
    """
    if logits.shape[-1] != 3:
        raise ValueError(f"expected three logits, got shape {tuple(logits.shape)}")
    return logits[..., ENTAILMENT] - torch.logsumexp(logits[..., 1:], dim=-1)


class HuggingFaceNli:
    """Any sequence-classification NLI model from a folder; the network is never asked.

    A premise that does not fit is cut at sentence ends into overlapping windows, and the window
    with the highest entailment logit speaks for it (Laban et al., 2022, SummaC).

    Raises:
        EncoderError: naming the folder, if it holds no such model or no entailment label.
    """

    def __init__(self, path: Path, *, batch_size: int = 32) -> None:
        try:
            self.model: Any = AutoModelForSequenceClassification.from_pretrained(
                path, local_files_only=True, use_safetensors=True, dtype=torch.float32
            ).eval()
            self.tokenizer: Any = AutoTokenizer.from_pretrained(path, local_files_only=True)
        except (OSError, ValueError) as error:
            raise EncoderError(f"{path}: not a readable NLI model ({error})") from error
        self.path = path
        self.batch_size = batch_size
        self._columns = _label_columns(self.model.config.id2label, path)
        self.positions = int(min(getattr(self.model.config, "max_position_embeddings", 512), 512))
        if getattr(self.model.config, "model_type", "") in {"roberta", "xlm-roberta"}:
            self.positions -= 2

    @torch.no_grad()
    def logits(self, premises: Sequence[str], hypotheses: Sequence[str]) -> Tensor:
        """z, float32 [N, 3], of the best window of every premise."""
        windows: list[tuple[str, str]] = []
        owners: list[int] = []
        for row, (premise, hypothesis) in enumerate(zip(premises, hypotheses, strict=True)):
            room = self.positions - self._length(hypothesis) - 4
            if room < 16:
                raise ValueError(
                    f"hypothesis of {self._length(hypothesis)} tokens leaves no room: {hypothesis!r}"
                )
            for window in self._windows(premise, room):
                windows.append((window, hypothesis))
                owners.append(row)
        scored = []
        for start in range(0, len(windows), self.batch_size):
            batch = windows[start : start + self.batch_size]
            encoded = self.tokenizer(
                [premise for premise, _ in batch],
                [text for _, text in batch],
                padding=True,
                return_tensors="pt",
            )
            with autocast(torch.device("cpu")):
                scored.append(self.model(**encoded).logits.float())
        ordered = _ordered(torch.cat(scored), self._columns)
        best = entailment_logit(ordered)
        rows: dict[int, int] = {}
        for position, owner in enumerate(owners):
            if owner not in rows or best[position] > best[rows[owner]]:
                rows[owner] = position
        return ordered[[rows[owner] for owner in range(len(premises))]]

    def _length(self, text: str) -> int:
        return len(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def _windows(self, premise: str, room: int) -> list[str]:
        if self._length(premise) <= room:
            return [premise]
        pieces = [piece for sentence in split_sentences(premise) for piece in self._pieces(sentence, room)]
        windows: list[list[str]] = [[]]
        for piece in pieces:
            if windows[-1] and self._length(" ".join([*windows[-1], piece])) > room:
                last = windows[-1][-1]
                # One sentence of overlap keeps a pronoun with its name, where it fits.
                overlap = [last] if self._length(f"{last} {piece}") <= room else []
                windows.append([*overlap, piece])
            else:
                windows[-1].append(piece)
        return [" ".join(window) for window in windows]

    def _pieces(self, sentence: str, room: int) -> list[str]:
        length = self._length(sentence)
        if length <= room:
            return [sentence]
        words = sentence.split()
        count = min(len(words), -(-length // room) + 1)
        cuts = [round(piece * len(words) / count) for piece in range(count + 1)]
        return [" ".join(words[low:high]) for low, high in pairwise(cuts)]


def _label_columns(id2label: dict[int, str], path: Path) -> tuple[int, tuple[int, ...]]:
    """The entailment column, and the neutral and contradiction columns that exist."""
    names = {column: name.lower() for column, name in id2label.items()}
    entailed = [c for c, name in names.items() if name.startswith("entail")]
    if len(entailed) != 1:
        raise EncoderError(f"{path}: id2label {id2label} has no single label named entailment")
    neutral = [c for c, name in names.items() if name.startswith("neutral")]
    others = [c for c in names if c not in entailed and c not in neutral]
    return entailed[0], tuple(neutral + others)


def _ordered(logits: Tensor, columns: tuple[int, tuple[int, ...]]) -> Tensor:
    entailed, others = columns
    rest = [logits[:, column] for column in others]
    # A two-class model has no neutral: all of "not entailed" goes to the last column.
    neutral = rest[0] if len(rest) > 1 else torch.full_like(logits[:, entailed], -torch.inf)
    contradiction = torch.logsumexp(torch.stack(rest[1:] or rest), dim=0)
    return torch.stack([logits[:, entailed], neutral, contradiction], dim=1)
