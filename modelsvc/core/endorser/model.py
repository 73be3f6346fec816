"""The endorser Phi = Psi o (T x W_I x W_U). Source: sec. 3, App. B.1."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from modelsvc.core.endorser.adapter import Adapter
from modelsvc.core.endorser.batching import left_padded, right_padded, sorted_batches
from modelsvc.core.endorser.config import EndorserConfig, GenerationSettings
from modelsvc.core.endorser.context import Context
from modelsvc.core.endorser.generation import decode, output_layer_is_plain, row_uniforms
from modelsvc.core.endorser.lora import has_lora, merge_lora
from modelsvc.core.endorser.precision import Precision, uses_bf16
from modelsvc.core.endorser.prompt import ITEM_PLACE, VIEWER_PLACE, Prompt, PromptBuilder
from modelsvc.core.endorser.samples import Samples


@dataclass(frozen=True, eq=False)
class TokenScores:
    """Per answer token, in nats, float32 [B, T]: log-probability and, if asked for, entropy."""

    log_probs: Tensor
    entropy: Tensor | None


class Endorser(nn.Module):
    """A pretrained causal transformer that also reads an item's and a viewer's vector as soft tokens.

    The vectors themselves are never trained. ``config.use_embeddings`` false (SFT-Text) has no adapters.

    Raises:
        ValueError: for a model whose logits are not its output layer applied to its hidden states.
    """

    def __init__(
        self, transformer: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, config: EndorserConfig
    ) -> None:
        super().__init__()
        if not output_layer_is_plain(transformer):
            raise ValueError(
                f"{type(transformer).__name__} scales or caps its logits, which is not supported"
            )
        if tokenizer.eos_token_id is None:
            raise ValueError("the tokenizer has no end-of-text token")
        self.config = config
        self.transformer = transformer
        self.tokenizer = tokenizer
        self.prompts = PromptBuilder(tokenizer, config)
        table = transformer.get_input_embeddings().weight
        self.adapters = nn.ModuleDict()
        if config.use_embeddings:
            for name in ("item", "viewer"):
                self.adapters[name] = Adapter(
                    embedding_size=config.embedding_size,
                    token_size=table.shape[1],
                    prefix_tokens=config.prefix_tokens,
                    hidden_size=config.hidden_size,
                    token_std=float(table.detach().float().std()),
                )

    @property
    def device(self) -> torch.device:
        """Where the transformer's weights are."""
        return torch.device(self.transformer.get_input_embeddings().weight.device)

    def embed(self, ids: Tensor, prompts: Sequence[Prompt]) -> Tensor:
        """Token embeddings [B, T, Z] of ids [B, T], with soft tokens in the places held open for them."""
        embeds: Tensor = self.transformer.get_input_embeddings()(ids.clamp_min(0))
        for marker, name, vectors in (
            (ITEM_PLACE, "item", [p.item_vector for p in prompts if p.item_vector is not None]),
            (VIEWER_PLACE, "viewer", [p.viewer_vector for p in prompts if p.viewer_vector is not None]),
        ):
            if vectors:
                # The adapters are small: float32 also under autocast.
                with torch.autocast(ids.device.type, enabled=False):
                    stacked = torch.from_numpy(np.stack(vectors).astype(np.float32)).to(ids.device)
                    soft = self.adapters[name](stacked).to(embeds.dtype)
                embeds = embeds.masked_scatter((ids == marker).unsqueeze(-1), soft)
        return embeds

    def score(
        self,
        prompts: Sequence[Prompt],
        token_ids: Tensor,
        mask: Tensor,
        *,
        temperature: float = 1.0,
        with_entropy: bool = False,
    ) -> TokenScores:
        """log Phi(y_n | y_{<n}, prompt) in the training path: right-padded, logits at answer positions only.

        Args:
            token_ids: int64 [B, T] answers. mask: bool [B, T], true on a prefix of each row.
            temperature: of the policy that is scored; log-softmax of logits / temperature.

        Returns:
            TokenScores, zero where the mask is false.
        """
        if token_ids.shape != mask.shape or mask.dtype != torch.bool or len(prompts) != len(token_ids):
            raise ValueError(f"prompts, token_ids and a bool mask of one shape, got {tuple(token_ids.shape)}")
        lengths = mask.sum(dim=1)
        if bool((mask != (torch.arange(mask.shape[1], device=mask.device) < lengths.unsqueeze(1))).any()):
            raise ValueError("each row of the mask must be true on a prefix")
        counts = lengths.tolist()
        answers = token_ids.tolist()
        # The last answer token is only ever predicted, never read.
        rows = [
            (*p.ids, *answer[: max(n - 1, 0)]) for p, answer, n in zip(prompts, answers, counts, strict=True)
        ]
        ids = right_padded(rows).to(self.device)
        # No attention mask: with padding on the right the causal mask already hides the pads.
        hidden = self.transformer.get_decoder()(
            inputs_embeds=self.embed(ids, prompts), use_cache=False
        ).last_hidden_state
        row, column = mask.nonzero(as_tuple=True)
        starts = torch.tensor([len(p.ids) - 1 for p in prompts], device=self.device)
        logits = self.transformer.get_output_embeddings()(hidden[row, starts[row] + column]).float()
        if temperature != 1.0:
            logits = logits / temperature
        nll = nn.functional.cross_entropy(logits, token_ids[row, column].to(self.device), reduction="none")
        zeros = torch.zeros(mask.shape, device=self.device)
        log_probs = zeros.index_put((row, column), -nll)
        if not with_entropy:
            return TokenScores(log_probs, None)
        with torch.no_grad():
            log_p = logits.detach().log_softmax(dim=-1)
            entropy = zeros.index_put((row, column), -(log_p.exp() * log_p).sum(dim=-1))
        return TokenScores(log_probs, entropy)

    def log_probs(self, contexts: Sequence[Context], token_ids: Tensor, mask: Tensor) -> Tensor:
        """log Phi(y_n | y_{<n}; I, i, u), float32 [B, T], zero where the mask [B, T] is false."""
        return self.score([self.prompts.endorsement(c) for c in contexts], token_ids, mask).log_probs

    def sampling_copy(self, precision: Precision = "auto") -> PreTrainedModel:
        """The transformer to sample from: low-rank parts merged, bfloat16 if asked for; then a copy."""
        bf16 = uses_bf16(precision)
        if not bf16 and not has_lora(self.transformer):
            return self.transformer
        duplicate = copy.deepcopy(self.transformer)
        merge_lora(duplicate)
        return duplicate.to(torch.bfloat16) if bf16 else duplicate

    @torch.no_grad()
    def generate(
        self,
        contexts: Sequence[Context],
        settings: GenerationSettings,
        seed: int,
        *,
        samples_per_context: int = 1,
    ) -> Samples:
        """Sample endorsements; row b * samples_per_context + g is the g-th text for contexts[b].

        The same seed gives the same texts on the same machine and settings.
        """
        if not contexts:
            return Samples(
                torch.zeros((0, 0), dtype=torch.long),
                torch.zeros((0, 0), dtype=torch.bool),
                (),
                torch.zeros(0, dtype=torch.bool),
            )
        was_training = self.training
        self.eval()
        prompts = [self.prompts.endorsement(context) for context in contexts]
        transformer = self.sampling_copy(settings.precision)
        rows = len(prompts) * samples_per_context
        token_ids = torch.zeros((rows, settings.max_new_tokens), dtype=torch.long)
        mask = torch.zeros((rows, settings.max_new_tokens), dtype=torch.bool)
        per_batch = max(1, settings.batch_size // samples_per_context)
        for batch in sorted_batches([len(p.ids) for p in prompts], per_batch):
            chosen = [prompts[index] for index in batch]
            ids, prompt_mask = left_padded([p.ids for p in chosen])
            embeds = self.embed(ids.to(self.device), chosen).to(transformer.dtype)
            places = [index * samples_per_context + g for index in batch for g in range(samples_per_context)]
            batch_ids, batch_mask = decode(
                transformer,
                embeds,
                prompt_mask.to(self.device),
                row_uniforms(seed, places, settings.max_new_tokens),
                end_id=int(self.tokenizer.eos_token_id),
                settings=settings,
                samples_per_prompt=samples_per_context,
            )
            token_ids[places, : batch_ids.shape[1]] = batch_ids
            mask[places, : batch_ids.shape[1]] = batch_mask
        self.train(was_training)
        return self._samples(token_ids, mask)

    def _samples(self, token_ids: Tensor, mask: Tensor) -> Samples:
        width = int(mask.sum(dim=1).max())
        token_ids, mask = token_ids[:, :width], mask[:, :width]
        texts = tuple(
            self.tokenizer.decode(row[kept].tolist(), skip_special_tokens=True).strip()
            for row, kept in zip(token_ids, mask, strict=True)
        )
        ended = (mask & (token_ids == int(self.tokenizer.eos_token_id))).any(dim=1)
        return Samples(token_ids, mask, texts, ~ended)
