"""Prec(Y; I): P(entailment) of an endorsement given the item's description. Source: sec. 4.1."""

from collections.abc import Sequence
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from modelsvc.core.endorser.context import Context
from modelsvc.core.rewards.entailment import EntailmentModel, entailment_logit
from modelsvc.core.rewards.nli_recipe import premise_text
from modelsvc.core.rewards.sentences import split_sentences

Aggregation = Literal["min", "mean_log", "mean"]
AGGREGATIONS: tuple[str, ...] = get_args(Aggregation)

BLANK_LOGIT = -10.0
"""Logit of a text without a sentence: it supports nothing, and saying nothing must not win."""


class PrecisionModel:
    """The entailment reward over the sentences of an endorsement.

    Premise: title and description. Hypotheses: the sentences of Y. Rule of aggregation:
    "min", the text is as precise as its least supported sentence (a true sentence cannot dilute a
    false one); "mean_log", the geometric mean of the sentences' probabilities; "mean", their mean.

    Args:
        entailment: any entailment model.
        aggregation: the rule.
    """

    def __init__(self, entailment: EntailmentModel, *, aggregation: Aggregation = "mean_log") -> None:
        if aggregation not in AGGREGATIONS:
            raise ValueError(f"aggregation must be one of {AGGREGATIONS}, got {aggregation!r}")
        self.entailment = entailment
        self.aggregation: Aggregation = aggregation

    @torch.no_grad()
    def score(self, contexts: Sequence[Context], texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """(P(entailment), its logit), float32 [B] each, with P = σ(logit)."""
        owners, premises, hypotheses = [], [], []
        for row, (context, text) in enumerate(zip(contexts, texts, strict=True)):
            for sentence in split_sentences(text):
                owners.append(row)
                premises.append(premise_text(context.item_title, context.item_description))
                hypotheses.append(sentence)
        logits = torch.full((len(texts),), BLANK_LOGIT)
        if hypotheses:
            sentence_logits = entailment_logit(self.entailment.logits(premises, hypotheses)).float().cpu()
            belongs = torch.tensor(owners)
            for row in sorted(set(owners)):
                logits[row] = aggregate_logits(sentence_logits[belongs == row], self.aggregation)
        return torch.sigmoid(logits), logits


def aggregate_logits(logits: Tensor, aggregation: Aggregation) -> Tensor:
    """Logit of a text from the logits [S ≥ 1] of its sentences, stable in float32.

    mean_log: log P = mean_s log σ(z_s); the logit is log P − log(1 − P).
    mean: log P = logsumexp_s log σ(z_s) − log S, log(1 − P) likewise.
    """
    if logits.ndim != 1 or len(logits) == 0:
        raise ValueError(f"expected logits of shape [S ≥ 1], got {tuple(logits.shape)}")
    if aggregation == "min":
        return logits.min()
    if aggregation == "mean":
        return torch.logsumexp(F.logsigmoid(logits), 0) - torch.logsumexp(F.logsigmoid(-logits), 0)
    log_p = F.logsigmoid(logits.double()).mean()
    # log(1 − e^x) without cancellation, as Mächler (2012).
    near = log_p > -0.6931471805599453
    complement = torch.log(-torch.expm1(log_p)) if near else torch.log1p(-torch.exp(log_p))
    return (log_p - complement).float()
