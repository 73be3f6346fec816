"""Sampling: exact against transformers, independent of batching, faithful to the distribution."""

import numpy as np
import pytest
import torch

from modelsvc.core.endorser.config import GenerationSettings
from modelsvc.core.endorser.generation import choose, row_uniforms
from tests.core.endorser.tiny import some_contexts, tiny_endorser

PLAIN = GenerationSettings(max_new_tokens=12, temperature=1.0, top_p=1.0, precision="fp32")


@torch.no_grad()
def test_greedy_equals_transformers_generate() -> None:
    endorser = tiny_endorser()
    contexts = some_contexts(3)
    ours = endorser.generate(contexts, PLAIN.model_copy(update={"temperature": 0.0}), seed=0)
    for row, context in enumerate(contexts):
        prompt = endorser.prompts.endorsement(context)
        theirs = endorser.transformer.generate(
            inputs_embeds=endorser.embed(torch.tensor([prompt.ids]), [prompt]),
            attention_mask=torch.ones((1, len(prompt.ids)), dtype=torch.long),
            max_new_tokens=12,
            do_sample=False,
        )
        assert ours.token_ids[row][ours.mask[row]].tolist() == theirs[0].tolist()


def test_texts_depend_on_seed_and_row_not_on_the_batch() -> None:
    endorser, contexts = tiny_endorser(), some_contexts(5)
    together = endorser.generate(contexts, PLAIN, seed=3, samples_per_context=2)
    apart = endorser.generate(
        contexts, PLAIN.model_copy(update={"batch_size": 2}), seed=3, samples_per_context=2
    )
    assert torch.equal(together.token_ids, apart.token_ids)
    assert together.texts != endorser.generate(contexts, PLAIN, seed=4, samples_per_context=2).texts
    assert not torch.equal(together.token_ids[0], together.token_ids[1])


def test_a_shared_prefill_changes_nothing() -> None:
    endorser, contexts = tiny_endorser(), some_contexts(2)
    shared = endorser.generate(contexts, PLAIN, seed=3, samples_per_context=3)
    single = endorser.generate([c for c in contexts for _ in range(3)], PLAIN, seed=3)
    assert torch.equal(shared.token_ids, single.token_ids)


def test_mask_ends_with_the_first_end_of_text_and_truncation_is_told() -> None:
    endorser = tiny_endorser()
    end = endorser.tokenizer.eos_token_id
    with torch.no_grad():  # make the end likely, so that some rows end early
        endorser.transformer.get_output_embeddings().weight[end] *= 60
    samples = endorser.generate(some_contexts(8), PLAIN, seed=0, samples_per_context=4)
    assert 0 < int(samples.truncated.sum()) < 32
    for ids, mask, truncated in zip(samples.token_ids, samples.mask, samples.truncated, strict=True):
        tokens = ids[mask].tolist()
        assert (tokens.count(end) == 0) == bool(truncated)
        assert end not in tokens[:-1]
        assert len(tokens) == 12 or not truncated
    longer = endorser.generate(
        some_contexts(8), PLAIN.model_copy(update={"min_new_tokens": 5}), seed=0, samples_per_context=4
    )
    assert int(longer.lengths.min()) >= 6


def test_choose_follows_the_distribution() -> None:
    logits = torch.tensor([[0.2, 0.3, 0.0, 0.5]]).log().repeat(4000, 1)
    uniforms = torch.from_numpy(np.random.default_rng(0).random(4000))
    counts = torch.bincount(choose(logits, uniforms, temperature=1.0, top_p=1.0), minlength=4) / 4000
    assert counts.tolist() == pytest.approx([0.2, 0.3, 0.0, 0.5], abs=0.02)
    # p^2 renormalised: 4, 9, 25 of 38.
    counts = torch.bincount(choose(logits, uniforms, temperature=0.5, top_p=1.0), minlength=4) / 4000
    assert counts.tolist() == pytest.approx([4 / 38, 9 / 38, 0.0, 25 / 38], abs=0.02)
    # The two likeliest tokens reach 0.8.
    counts = torch.bincount(choose(logits, uniforms, temperature=1.0, top_p=0.75), minlength=4) / 4000
    assert counts.tolist() == pytest.approx([0.0, 3 / 8, 0.0, 5 / 8], abs=0.02)


@pytest.mark.parametrize("spread", [0.0, 6.0])
def test_the_short_way_to_the_likeliest_tokens_changes_nothing(
    spread: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spread 0 is nearly uniform, so that 16 of 400 tokens never reach the mass; 6 is peaked, so they do."""
    logits = spread * torch.randn((50, 400), generator=torch.Generator().manual_seed(0))
    logits += 1e-3 * torch.arange(400)  # no ties
    uniforms = torch.from_numpy(np.random.default_rng(1).random(50))
    chosen = []
    for few in (16, 400):
        monkeypatch.setattr("modelsvc.core.endorser.generation._FEW_TOKENS", few)
        chosen.append(choose(logits, uniforms, temperature=1.0, top_p=0.9))
    assert torch.equal(chosen[0], chosen[1])


def test_choose_at_the_edges_of_the_uniform() -> None:
    logits = torch.tensor([[0.5, 0.5, 0.0]]).log()
    assert choose(logits, torch.tensor([0.0]), temperature=1.0, top_p=1.0).tolist() == [0]
    assert choose(logits, torch.tensor([1.0 - 2**-53]), temperature=1.0, top_p=1.0).tolist() == [1]


def test_a_rows_stream_is_its_own() -> None:
    assert torch.equal(row_uniforms(1, [0, 5], 4)[1], row_uniforms(1, [5], 4)[0])


@torch.no_grad()
def test_low_rank_parts_take_part_in_sampling() -> None:
    from modelsvc.core.endorser.lora import add_lora

    endorser, contexts = tiny_endorser(), some_contexts(2)
    before = endorser.generate(contexts, PLAIN, seed=0)
    add_lora(endorser.transformer, rank=2, alpha=4, seed=0)
    assert torch.equal(before.token_ids, endorser.generate(contexts, PLAIN, seed=0).token_ids)
    for name, parameter in endorser.transformer.named_parameters():
        if "lora_B" in name:
            parameter.normal_()
    assert not torch.equal(before.token_ids, endorser.generate(contexts, PLAIN, seed=0).token_ids)


def test_nothing_to_generate_gives_nothing() -> None:
    assert tiny_endorser().generate([], PLAIN, seed=0).texts == ()
