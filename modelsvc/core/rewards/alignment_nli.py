"""The offline entailment model: token alignment over a pretrained encoder.

Source: Parikh et al. (2016), decomposable attention, over contextual token states.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from modelsvc.core.rewards.encoder import TextEncoder, TokenBatch
from modelsvc.core.rewards.mixed_precision import autocast

HYPOTHESIS_BATCH = 128


@dataclass(frozen=True)
class AlignmentNliConfig:
    """Shape: ``width`` of the compared token vectors, and how many top layers are trained."""

    width: int = 128
    trainable_layers: int = 3
    dropout: float = 0.1

    def as_dict(self) -> dict[str, object]:
        """Plain types, for JSON."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class PremiseStates:
    """A premise's token states [T, Z] over all its windows, and the ids of its tokens."""

    states: Tensor
    token_ids: frozenset[int]


class AlignmentNli(nn.Module):
    """Every hypothesis token looks for its counterpart in the premise; the comparisons are pooled.

    For a hypothesis token h and premise tokens p: a = Σ softmax(⟨Qh, Kp⟩) p, then
    v = MLP([h', a', |h' − a'|, h' ∘ a', flags]) and the label from [mean v, max v]. The flags say
    whether the token occurs in the premise, is capitalized or is a number: an unsupported name is
    an error even if the model never saw the name. The premise is encoded once for all hypotheses,
    in windows whose states are joined, so that nothing of it is cut.

    Args:
        encoder: pretrained.
        config: shape.
    """

    def __init__(self, encoder: TextEncoder, config: AlignmentNliConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = encoder.trainable_copy(config.trainable_layers)
        width = config.width
        self.query = nn.Linear(encoder.token_size, width)
        self.key = nn.Linear(encoder.token_size, width)
        self.value = nn.Linear(encoder.token_size, width)
        # Queries and keys start alike: the first attention is by similarity of states.
        self.key.load_state_dict(self.query.state_dict())
        self.compare = nn.Sequential(
            nn.Linear(4 * width + 5, width),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(width, width),
            nn.GELU(),
        )
        self.classify = nn.Sequential(
            nn.Linear(2 * width, width), nn.GELU(), nn.Dropout(config.dropout), nn.Linear(width, 3)
        )
        self._kept: OrderedDict[str, PremiseStates] = OrderedDict()

    def train(self, mode: bool = True) -> "AlignmentNli":
        """Training forgets the kept premises: their states change with every step."""
        self._kept.clear()
        super().train(mode)
        return self

    def forward(self, premises: Sequence[str], hypotheses: Sequence[str]) -> Tensor:
        """Logits (entailment, neutral, contradiction), float32 [N, 3], differentiable."""
        if len(premises) != len(hypotheses):
            raise ValueError(f"{len(premises)} premises for {len(hypotheses)} hypotheses")
        distinct = list(dict.fromkeys(premises))
        known = dict(zip(distinct, self._premises(distinct), strict=True))
        batch = self.encoder.windows(hypotheses)
        with autocast(self.encoder.device):
            states = self.encoder.states(batch)
        return self._judge(
            [known[premises[row]] for row in batch.text_rows.tolist()], hypotheses, batch, states
        )

    @torch.no_grad()
    def logits(self, premises: Sequence[str], hypotheses: Sequence[str]) -> Tensor:
        """As ``forward``, without gradients, in length-sorted batches."""
        if self.training:
            self.eval()
        order = sorted(range(len(hypotheses)), key=lambda row: len(hypotheses[row]))
        scored = torch.zeros(len(hypotheses), 3, device=self.encoder.device)
        for start in range(0, len(order), HYPOTHESIS_BATCH):
            rows = order[start : start + HYPOTHESIS_BATCH]
            scored[rows] = self([premises[row] for row in rows], [hypotheses[row] for row in rows])
        return scored

    def _premises(self, texts: Sequence[str]) -> list[PremiseStates]:
        missing = [text for text in texts if text not in self._kept]
        fresh: dict[str, PremiseStates] = {}
        if missing:
            batch = self.encoder.windows(missing)
            with autocast(self.encoder.device):
                states = self.encoder.states(batch)
            for row, text in enumerate(missing):
                mine = batch.text_rows == row
                mask = batch.mask[mine]
                fresh[text] = PremiseStates(
                    states[mine][mask].float(), frozenset(batch.token_ids[mine][mask].tolist())
                )
        if not self.training and not torch.is_grad_enabled():
            self._kept.update(fresh)
            found = [self._kept[text] for text in texts]
            while len(self._kept) > 512:
                self._kept.popitem(last=False)
            return found
        return [fresh[text] if text in fresh else self._kept[text] for text in texts]

    def _judge(
        self,
        premises: Sequence[PremiseStates],
        hypotheses: Sequence[str],
        batch: TokenBatch,
        states: Tensor,
    ) -> Tensor:
        # Keys and values once per premise, however many windows ask it.
        distinct = list({id(premise): premise for premise in premises}.values())
        place = {id(premise): row for row, premise in enumerate(distinct)}
        rows = torch.tensor([place[id(premise)] for premise in premises], device=states.device)
        padded = pad_sequence([premise.states for premise in distinct], batch_first=True)
        present = torch.tensor([len(premise.states) for premise in distinct], device=states.device)
        absent = (torch.arange(padded.shape[1], device=states.device) >= present[:, None])[rows][:, None, :]
        states = states.float()
        keys, values = self.key(padded)[rows], self.value(padded)[rows]
        scores = self.query(states) @ keys.transpose(1, 2) / self.config.width**0.5
        own, found = self.value(states), scores.masked_fill(absent, -1e4).softmax(dim=-1) @ values
        with torch.no_grad():
            similarity = F.normalize(states, dim=-1) @ F.normalize(padded, dim=-1)[rows].transpose(1, 2)
            nearest = similarity.masked_fill(absent, -1.0).amax(dim=-1)
        flags = torch.cat([self._flags(premises, hypotheses, batch), nearest[:, :, None]], dim=-1)
        compared = self.compare(torch.cat([own, found, (own - found).abs(), own * found, flags], dim=-1))
        return self._pooled_logits(compared, batch, len(hypotheses))

    def _pooled_logits(self, compared: Tensor, batch: TokenBatch, count: int) -> Tensor:
        """Mean and maximum over all tokens of all windows of each hypothesis, then the classifier."""
        weights = batch.mask.float()[:, :, None]
        width = compared.shape[-1]
        total = compared.new_zeros(count, width).index_add(
            0, batch.text_rows, (compared * weights).sum(dim=1)
        )
        tokens = compared.new_zeros(count).index_add(0, batch.text_rows, weights.sum(dim=(1, 2)))
        highest = compared.masked_fill(weights == 0, -1e4).amax(dim=1)
        rows = batch.text_rows[:, None].expand(-1, width)
        peak = compared.new_full((count, width), -1e4).scatter_reduce(0, rows, highest, "amax")
        logits: Tensor = self.classify(torch.cat([total / tokens[:, None], peak], dim=-1))
        return logits

    def _flags(
        self, premises: Sequence[PremiseStates], hypotheses: Sequence[str], batch: TokenBatch
    ) -> Tensor:
        """Occurs in the premise; capitalized; capitalized and absent; holds a digit: [W, T, 4]."""
        spelled = [_spelling(self.encoder, text) for text in hypotheses]
        used = [0] * len(hypotheses)
        lengths = batch.mask.sum(dim=1).tolist()
        width = batch.token_ids.shape[1]
        flags: list[list[tuple[bool, bool, bool, bool]]] = []
        for window, (row, ids) in enumerate(
            zip(batch.text_rows.tolist(), batch.token_ids.tolist(), strict=True)
        ):
            inner = lengths[window] - 2
            pieces = spelled[row][used[row] : used[row] + inner]
            used[row] += inner
            known = premises[window].token_ids
            line = [(False, False, False, False)] * width
            for column, (capital, digit) in enumerate(pieces, start=1):
                occurs = ids[column] in known
                line[column] = (occurs, capital, capital and not occurs, digit)
            flags.append(line)
        return torch.tensor(flags, dtype=torch.float32, device=batch.token_ids.device)


def _spelling(encoder: TextEncoder, text: str) -> list[tuple[bool, bool]]:
    """(capitalized, holds a digit) of every token of ``text``."""
    encoded = encoder.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    flags = []
    for low, high in encoded["offset_mapping"]:
        begin = low
        while begin > 0 and not text[begin - 1].isspace():
            begin -= 1
        flags.append(
            (text[begin:high].lstrip("\"'“‘(")[:1].isupper(), any(c.isdigit() for c in text[low:high]))
        )
    return flags
