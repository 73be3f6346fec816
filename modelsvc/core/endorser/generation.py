"""Batched sampling from an endorser with a key-value cache.

An own loop rather than ``generate``: rollouts of one context share its prefill, finished rows leave the
batch, and each row draws from its own stream, so that a text does not depend on its neighbours' draws.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedModel

from modelsvc.core.endorser.config import GenerationSettings

_FEW_TOKENS = 512


def row_uniforms(seed: int, rows: Sequence[int], steps: int) -> Tensor:
    """One uniform draw per row and step, float64 [B, T], from a stream that depends on seed and row only."""
    return torch.from_numpy(np.stack([np.random.default_rng([seed, row]).random(steps) for row in rows]))


def choose(logits: Tensor, uniforms: Tensor, *, temperature: float, top_p: float) -> Tensor:
    """Tokens [B] by inverse transform of uniforms [B] under logits [B, V]; temperature 0 takes the mode."""
    if temperature == 0.0:
        return logits.argmax(dim=-1)
    probabilities = torch.softmax(logits.float() / temperature, dim=-1)
    if top_p == 1.0:
        return _inverse(probabilities, uniforms)
    # A few hundred tokens nearly always hold the mass; sorting 49,152 for 32 rows took half of a step.
    few, few_order = probabilities.topk(min(_FEW_TOKENS, probabilities.shape[-1]), dim=-1)
    chosen = _from_nucleus(few, few_order, uniforms, top_p)
    rest = (few.sum(dim=-1) < top_p).nonzero().squeeze(-1)
    if len(rest):
        ranked, order = probabilities[rest].sort(dim=-1, descending=True, stable=True)
        chosen[rest] = _from_nucleus(ranked, order, uniforms[rest], top_p)
    return chosen


def _from_nucleus(ranked: Tensor, order: Tensor, uniforms: Tensor, top_p: float) -> Tensor:
    # A token stays if the mass before it is under top_p, so at least one always stays.
    nucleus = ranked.masked_fill(ranked.cumsum(dim=-1) - ranked >= top_p, 0.0)
    return order.gather(-1, _inverse(nucleus, uniforms).unsqueeze(-1)).squeeze(-1)


def _inverse(mass: Tensor, uniforms: Tensor) -> Tensor:
    cumulative = mass.double().cumsum(dim=-1)
    total = cumulative[:, -1]
    # Rounding must not push a draw past the last token that has mass.
    targets = torch.minimum(uniforms.to(cumulative) * total, torch.nextafter(total, torch.zeros_like(total)))
    chosen = torch.searchsorted(cumulative, targets.unsqueeze(-1), right=True).squeeze(-1)
    return chosen.clamp_max(mass.shape[-1] - 1)


@torch.no_grad()
def decode(
    transformer: PreTrainedModel,
    prompt_embeds: Tensor,
    prompt_mask: Tensor,
    uniforms: Tensor,
    *,
    end_id: int,
    settings: GenerationSettings,
    samples_per_prompt: int = 1,
) -> tuple[Tensor, Tensor]:
    """Sample from left-padded prompts.

    Args:
        prompt_embeds: [B, L, Z], left-padded.
        prompt_mask: bool [B, L].
        uniforms: float64 [B * samples_per_prompt, max_new_tokens], prompt-major.

    Returns:
        token ids int64 [B * samples_per_prompt, T] and mask bool of the same shape, up to the first end
        of text inclusive.
    """
    decoder, head = transformer.get_decoder(), transformer.get_output_embeddings()
    cache = DynamicCache(config=transformer.config)
    positions = (prompt_mask.long().cumsum(dim=1) - 1).clamp_min(0)
    hidden = decoder(
        inputs_embeds=prompt_embeds,
        attention_mask=prompt_mask.long(),
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
    ).last_hidden_state[:, -1]
    if samples_per_prompt > 1:
        cache.batch_repeat_interleave(samples_per_prompt)
        hidden = hidden.repeat_interleave(samples_per_prompt, dim=0)
        prompt_mask = prompt_mask.repeat_interleave(samples_per_prompt, dim=0)
    rows = hidden.shape[0]
    token_ids = torch.zeros((rows, settings.max_new_tokens), dtype=torch.long)
    mask = torch.zeros((rows, settings.max_new_tokens), dtype=torch.bool)
    alive = torch.arange(rows)  # original index of each row still in the batch
    seen = prompt_mask.long()
    position = prompt_mask.long().sum(dim=1, keepdim=True)
    for step in range(settings.max_new_tokens):
        logits = head(hidden).float()
        if step < settings.min_new_tokens:
            logits[:, end_id] = -torch.inf
        chosen = choose(logits, uniforms[alive, step], temperature=settings.temperature, top_p=settings.top_p)
        token_ids[alive, step] = chosen
        mask[alive, step] = True
        keep = (chosen != end_id).nonzero().squeeze(-1)
        if len(keep) == 0 or step + 1 == settings.max_new_tokens:
            break
        if len(keep) < len(alive):
            cache.batch_select_indices(keep)
            alive, chosen, seen, position = alive[keep], chosen[keep], seen[keep], position[keep]
        seen = torch.cat([seen, seen.new_ones((len(alive), 1))], dim=1)
        hidden = decoder(
            input_ids=chosen.unsqueeze(1),
            attention_mask=seen,
            position_ids=position,
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state[:, -1]
        position = position + 1
    used = int(mask.any(dim=0).sum())
    return token_ids[:, :used], mask[:, :used]


def output_layer_is_plain(transformer: PreTrainedModel) -> bool:
    """True if the model's logits are just its output layer applied to its decoder's last hidden states.

    False for models that scale or cap their logits; this package reads hidden states, so those are refused.
    """
    probe = torch.tensor([[0, 1]])
    was_training = transformer.training
    transformer.eval()
    with torch.no_grad():
        head: nn.Module = transformer.get_output_embeddings()
        plain = head(transformer.get_decoder()(input_ids=probe).last_hidden_state)
        full = transformer(input_ids=probe).logits
    transformer.train(was_training)
    return torch.allclose(plain, full, atol=1e-4, rtol=1e-4)
