"""Log-probabilities in the training path."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import Gemma2Config, Gemma2ForCausalLM, GPT2Config, GPT2LMHeadModel

from modelsvc.core.endorser.config import EndorserConfig, GenerationSettings
from modelsvc.core.endorser.model import Endorser
from modelsvc.core.endorser.pretrained import byte_tokenizer
from tests.core.endorser.tiny import WIDTH, some_contexts, tiny_endorser

ANSWERS = torch.tensor([[70, 71, 72, 73], [80, 81, 0, 0], [90, 0, 0, 0]])
MASK = torch.tensor([[True] * 4, [True, True, False, False], [True, False, False, False]])


def naive_log_probs(endorser: Endorser, row: int) -> list[float]:
    """One unpadded row through the model's own forward pass."""
    prompt = endorser.prompts.endorsement(some_contexts(3)[row])
    answer = ANSWERS[row][MASK[row]].tolist()
    ids = torch.tensor([[*prompt.ids, *answer]])
    logits = endorser.transformer(inputs_embeds=endorser.embed(ids, [prompt])).logits[0].log_softmax(dim=-1)
    return [float(logits[len(prompt.ids) - 1 + at, token]) for at, token in enumerate(answer)]


@torch.no_grad()
def test_padded_batch_equals_one_row_at_a_time() -> None:
    endorser = tiny_endorser()
    log_probs = endorser.log_probs(some_contexts(3), ANSWERS, MASK)
    for row in range(3):
        kept = log_probs[row][MASK[row]].tolist()
        assert kept == pytest.approx(naive_log_probs(endorser, row), abs=1e-5)
    assert log_probs[~MASK].abs().max() == 0.0


@torch.no_grad()
def test_both_vectors_matter_and_only_their_own_row() -> None:
    endorser = tiny_endorser()
    contexts = some_contexts(3)
    before = endorser.log_probs(contexts, ANSWERS, MASK)
    for name in ("viewer_vector", "item_vector"):
        changed = [replace(contexts[0], **{name: np.zeros(WIDTH, dtype=np.float32)}), *contexts[1:]]
        after = endorser.log_probs(changed, ANSWERS, MASK)
        assert not torch.allclose(before[0], after[0], atol=1e-6)
        assert torch.allclose(before[1:], after[1:], atol=1e-5)


@torch.no_grad()
def test_sft_text_ignores_vectors_and_reads_the_profile() -> None:
    endorser = tiny_endorser(use_embeddings=False)
    assert len(endorser.adapters) == 0
    contexts = some_contexts(3)
    before = endorser.log_probs(contexts, ANSWERS, MASK)
    zeroed = [replace(c, viewer_vector=np.zeros(WIDTH, dtype=np.float32)) for c in contexts]
    assert torch.equal(before, endorser.log_probs(zeroed, ANSWERS, MASK))
    other = [replace(c, profile=("They hate rain.",)) for c in contexts]
    assert not torch.allclose(before, endorser.log_probs(other, ANSWERS, MASK))


def test_gradients_reach_both_adapters_and_the_transformer() -> None:
    endorser = tiny_endorser()
    (-endorser.log_probs(some_contexts(3), ANSWERS, MASK).sum()).backward()
    for name, parameter in endorser.named_parameters():
        assert parameter.grad is not None, name
        assert float(parameter.grad.abs().sum()) > 0, name


@torch.no_grad()
def test_temperature_and_entropy() -> None:
    endorser = tiny_endorser()
    endorser.transformer.get_output_embeddings().weight.zero_()  # uniform over the vocabulary
    prompts = [endorser.prompts.endorsement(c) for c in some_contexts(3)]
    scores = endorser.score(prompts, ANSWERS, MASK, temperature=0.5, with_entropy=True)
    assert scores.entropy is not None
    size = endorser.transformer.config.vocab_size
    assert torch.allclose(scores.entropy[MASK], torch.tensor(math.log(size)))
    assert torch.allclose(scores.log_probs[MASK], torch.tensor(-math.log(size)))


def test_a_mask_with_a_hole_is_refused() -> None:
    with pytest.raises(ValueError, match="prefix"):
        tiny_endorser().log_probs(some_contexts(1), ANSWERS[:1], torch.tensor([[True, False, True, True]]))


def test_another_family_works_and_capped_logits_are_refused() -> None:
    tokenizer = byte_tokenizer()
    config = EndorserConfig(embedding_size=WIDTH, hidden_size=16, prefix_tokens=2)
    gpt2 = GPT2LMHeadModel(
        GPT2Config(vocab_size=len(tokenizer), n_embd=32, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0)
    )
    endorser = Endorser(gpt2, tokenizer, config)
    samples = endorser.generate(
        some_contexts(2), GenerationSettings(max_new_tokens=5, precision="fp32"), seed=0
    )
    assert len(samples.texts) == 2
    gemma = Gemma2ForCausalLM(
        Gemma2Config(
            vocab_size=len(tokenizer), hidden_size=32, intermediate_size=32, num_hidden_layers=1,
            num_attention_heads=2, num_key_value_heads=1, head_dim=16, final_logit_softcapping=0.001,
            attn_implementation="eager",
        )
    )  # fmt: skip
    with pytest.raises(ValueError, match="Gemma2ForCausalLM scales or caps"):
        Endorser(gemma, tokenizer, config)
