"""The offline entailment model: token alignment over a frozen pretrained encoder.

Source: Parikh et al. (2016), decomposable attention, over contextual token states.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from modelsvc.core.rewards.encoder import TextEncoder, TokenBatch
from modelsvc.core.rewards.mixed_precision import autocast

HYPOTHESIS_BATCH = 128
PREMISE_BATCH = 16
LAYERS = 3
TOKEN_FEATURES = 7 + LAYERS


@dataclass(frozen=True)
class AlignmentNliConfig:
    """Shape: ``width`` of the compared token vectors; ``premises_kept`` in memory."""

    width: int = 128
    dropout: float = 0.1
    premises_kept: int = 2048

    def as_dict(self) -> dict[str, object]:
        """Plain types, for JSON."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class PremiseStates:
    """A premise's token states [T, 3 Z] over all its windows, its token ids and pairs of ids."""

    states: Tensor
    token_ids: frozenset[int]
    neighbours: frozenset[tuple[int, int]]


class AlignmentNli(nn.Module):
    """Every hypothesis token looks for its counterpart in the premise; the comparisons are pooled.

    For hypothesis token h and premise tokens p, both of unit length per encoder layer:
    a = Σ softmax(s · cos(Wh, Wp)) Wp and v = MLP([Wh, a, |Wh − a|, Wh ∘ a, features]); the label
    comes from [mean v, max v, mean and extreme features]. The features say whether the token occurs
    in the premise, alone and after its neighbour, is a capital or a number and if so whether it is
    absent, and its highest cosine per layer: an unsupported name is an error even if the model never
    saw that name. A premise is encoded once for all its hypotheses, in windows whose states are
    joined, so that nothing of it is cut.

    Args:
        encoder: pretrained; stays frozen.
        config: shape.
    """

    def __init__(self, encoder: TextEncoder, config: AlignmentNliConfig) -> None:
        super().__init__()
        self.config = config
        # In a list, so that the frozen encoder is no part of this module's weights.
        self._encoder = [encoder.eval().requires_grad_(False)]
        width = config.width
        self.project = nn.Linear(LAYERS * encoder.token_size, width, bias=False)
        # Orthogonal: cosines before training are about those of the encoder, so that alignment
        # works from the first step.
        nn.init.orthogonal_(self.project.weight)
        self.log_sharpness = nn.Parameter(torch.tensor(20.0).log())
        self.compare = nn.Sequential(
            nn.LayerNorm(4 * width + TOKEN_FEATURES),
            nn.Linear(4 * width + TOKEN_FEATURES, width),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(width, width),
            nn.GELU(),
        )
        self.classify = nn.Sequential(
            nn.Linear(2 * width + 3 * TOKEN_FEATURES, width),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(width, 3),
        )
        self._kept: OrderedDict[str, PremiseStates] = OrderedDict()

    @property
    def encoder(self) -> TextEncoder:
        """The frozen encoder."""
        return self._encoder[0]

    def forward(self, premises: Sequence[str], hypotheses: Sequence[str]) -> Tensor:
        """Logits (entailment, neutral, contradiction), float32 [N, 3], differentiable."""
        if len(premises) != len(hypotheses):
            raise ValueError(f"{len(premises)} premises for {len(hypotheses)} hypotheses")
        known = self._premises(list(dict.fromkeys(premises)))
        batch = self.encoder.windows(hypotheses)
        with torch.no_grad(), autocast(self.encoder.device):
            states = self.encoder.layered_states(batch)
        owners = [known[premises[row]] for row in batch.text_rows.tolist()]
        return self._judge(owners, hypotheses, batch, states)

    @torch.no_grad()
    def logits(self, premises: Sequence[str], hypotheses: Sequence[str]) -> Tensor:
        """As ``forward``, without gradients, in length-sorted batches."""
        self.eval()
        order = sorted(range(len(hypotheses)), key=lambda row: len(hypotheses[row]))
        scored = torch.zeros(len(hypotheses), 3, device=self.encoder.device)
        for start in range(0, len(order), HYPOTHESIS_BATCH):
            rows = order[start : start + HYPOTHESIS_BATCH]
            scored[rows] = self([premises[row] for row in rows], [hypotheses[row] for row in rows])
        return scored

    @torch.no_grad()
    def _premises(self, texts: Sequence[str]) -> dict[str, PremiseStates]:
        missing = sorted((text for text in texts if text not in self._kept), key=len)
        for start in range(0, len(missing), PREMISE_BATCH):
            some = missing[start : start + PREMISE_BATCH]
            batch = self.encoder.windows(some)
            with autocast(self.encoder.device):
                states = self.encoder.layered_states(batch)
            for row, text in enumerate(some):
                mine = batch.text_rows == row
                mask = batch.mask[mine]
                ids = batch.token_ids[mine][mask].tolist()
                self._kept[text] = PremiseStates(states[mine][mask], frozenset(ids), frozenset(pairwise(ids)))
        found = {text: self._kept[text] for text in texts}
        while len(self._kept) > self.config.premises_kept:
            self._kept.popitem(last=False)
        return found

    def _judge(
        self,
        premises: Sequence[PremiseStates],
        hypotheses: Sequence[str],
        batch: TokenBatch,
        states: Tensor,
    ) -> Tensor:
        # Projections once per premise, however many windows ask it.
        distinct = list({id(premise): premise for premise in premises}.values())
        place = {id(premise): row for row, premise in enumerate(distinct)}
        rows = torch.tensor([place[id(premise)] for premise in premises], device=states.device)
        padded = pad_sequence([premise.states for premise in distinct], batch_first=True)
        present = torch.tensor([len(premise.states) for premise in distinct], device=states.device)
        absent = (torch.arange(padded.shape[1], device=states.device) >= present[:, None])[rows][:, None, :]
        own = nn.functional.normalize(self.project(states), dim=-1)
        theirs = nn.functional.normalize(self.project(padded), dim=-1)[rows]
        scores = (own @ theirs.transpose(1, 2)) * self.log_sharpness.exp()
        found = scores.masked_fill(absent, -1e4).softmax(dim=-1) @ theirs
        with torch.no_grad():
            features = torch.cat(
                [self._features(premises, hypotheses, batch), _nearest(states, padded[rows], absent)], dim=-1
            )
        # Unit vectors have tiny coordinates: brought to the features' scale.
        size = self.config.width**0.5
        own, found = own * size, found * size
        compared = self.compare(torch.cat([own, found, (own - found).abs(), own * found, features], dim=-1))
        pooled = _pool(compared, batch, len(hypotheses), ("mean", "max"))
        summary = _pool(features, batch, len(hypotheses), ("mean", "max", "min"))
        logits: Tensor = self.classify(torch.cat([pooled, summary], dim=-1))
        return logits

    def _features(
        self, premises: Sequence[PremiseStates], hypotheses: Sequence[str], batch: TokenBatch
    ) -> Tensor:
        """Occurs; occurs after its neighbour; capital; capital, absent; digit; digit, absent; negates."""
        spelled = [_spelling(self.encoder, text) for text in hypotheses]
        used = [0] * len(hypotheses)
        lengths = batch.mask.sum(dim=1).tolist()
        width = batch.token_ids.shape[1]
        lines: list[list[tuple[bool, ...]]] = []
        for window, (row, ids) in enumerate(
            zip(batch.text_rows.tolist(), batch.token_ids.tolist(), strict=True)
        ):
            inner = lengths[window] - 2
            pieces = spelled[row][used[row] : used[row] + inner]
            used[row] += inner
            premise = premises[window]
            line: list[tuple[bool, ...]] = [(True, True, *([False] * 5))] * width
            for column, (capital, digit, negates) in enumerate(pieces, start=1):
                occurs = ids[column] in premise.token_ids
                follows = (ids[column - 1], ids[column]) in premise.neighbours
                line[column] = (
                    *(occurs, follows, capital, capital and not occurs),
                    *(digit, digit and not occurs, negates and not occurs),
                )
            lines.append(line)
        return torch.tensor(lines, dtype=torch.float32, device=batch.token_ids.device)


NEGATIONS = frozenset({"not", "no", "never", "without", "neither", "nor", "isn't", "doesn't", "nothing"})


def _spelling(encoder: TextEncoder, text: str) -> list[tuple[bool, bool, bool]]:
    """(capitalized inside a sentence, holds a digit, negates) of every token of ``text``."""
    encoded = encoder.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    flags = []
    for low, high in encoded["offset_mapping"]:
        begin, end = low, high
        while begin > 0 and not text[begin - 1].isspace():
            begin -= 1
        while end < len(text) and not text[end].isspace():
            end += 1
        word = text[begin:end].strip("\"'“‘(.,;:!?”’)")
        digit = any(character.isdigit() for character in text[low:high])
        flags.append((begin > 0 and word[:1].isupper(), digit, word.lower() in NEGATIONS))
    return flags


def _nearest(states: Tensor, premise: Tensor, absent: Tensor) -> Tensor:
    """Highest cosine of each token with any premise token, per layer: [W, T, 3]."""
    columns = []
    for own, theirs in zip(states.chunk(LAYERS, dim=-1), premise.chunk(LAYERS, dim=-1), strict=True):
        columns.append((own @ theirs.transpose(1, 2)).masked_fill(absent, -1.0).amax(dim=-1))
    return torch.stack(columns, dim=-1)


def _pool(values: Tensor, batch: TokenBatch, count: int, kinds: tuple[str, ...]) -> Tensor:
    """Mean, maximum or minimum over all tokens of all windows of each hypothesis: [N, kinds · F]."""
    mask = batch.mask[:, :, None]
    rows = batch.text_rows
    spread = rows[:, None].expand(-1, values.shape[-1])
    columns = []
    for kind in kinds:
        if kind == "mean":
            total = values.new_zeros(count, values.shape[-1]).index_add(0, rows, (values * mask).sum(dim=1))
            tokens = values.new_zeros(count).index_add(0, rows, mask.float().sum(dim=(1, 2)))
            columns.append(total / tokens[:, None])
            continue
        sign = 1.0 if kind == "max" else -1.0
        highest = (sign * values).masked_fill(~mask, -1e4).amax(dim=1)
        empty = values.new_full((count, values.shape[-1]), -1e4)
        columns.append(sign * empty.scatter_reduce(0, spread, highest, "amax"))
    return torch.cat(columns, dim=-1)
