"""What the prompt holds for the paper's systems."""

from dataclasses import replace

import pytest

from modelsvc.core.endorser.config import EndorserConfig
from modelsvc.core.endorser.pretrained import byte_tokenizer
from modelsvc.core.endorser.prompt import ITEM_PLACE, VIEWER_PLACE, PromptBuilder
from tests.core.endorser.tiny import WIDTH, some_contexts


def builder(**values: object) -> PromptBuilder:
    return PromptBuilder(byte_tokenizer(), EndorserConfig(embedding_size=WIDTH, **values))  # type: ignore[arg-type]


def text_of(ids: tuple[int, ...]) -> str:
    return str(byte_tokenizer().decode([max(token, 0) for token in ids]))


def test_sft_holds_places_for_both_vectors_and_never_the_profile() -> None:
    context = some_contexts(1)[0]
    prompt = builder(prefix_tokens=3).endorsement(context)
    assert prompt.ids.count(ITEM_PLACE) == prompt.ids.count(VIEWER_PLACE) == 3
    assert prompt.item_vector is context.item_vector
    assert "Film 0" in text_of(prompt.ids)
    assert "They like" not in text_of(prompt.ids)


def test_sft_text_reads_the_profile_and_no_vector() -> None:
    prompt = builder(use_embeddings=False).endorsement(some_contexts(1)[0])
    assert min(prompt.ids) >= 0
    assert prompt.item_vector is None
    assert prompt.viewer_vector is None
    assert "They like the number 0." in text_of(prompt.ids)


def test_auxiliary_prompts_hold_one_vector_and_no_text_to_copy() -> None:
    context = some_contexts(1)[0]
    item = builder().item_task(context.item_vector)
    viewer = builder().viewer_task(context.viewer_vector)
    assert (item.ids.count(ITEM_PLACE), item.ids.count(VIEWER_PLACE)) == (4, 0)
    assert (viewer.ids.count(ITEM_PLACE), viewer.ids.count(VIEWER_PLACE)) == (0, 4)


def test_a_long_description_is_cut_and_said_to_be() -> None:
    context = replace(some_contexts(1)[0], item_description="x" * 1000)
    prompt = builder(max_prompt_tokens=200).endorsement(context)
    assert prompt.is_cut
    assert len(prompt.ids) == 200
    assert not builder(max_prompt_tokens=1500).endorsement(context).is_cut


def test_a_prompt_without_room_names_item_and_viewer() -> None:
    with pytest.raises(ValueError, match=r"item i0, viewer u0.*max_prompt_tokens is 20"):
        builder(max_prompt_tokens=20).endorsement(some_contexts(1)[0])


def test_answers_end_unless_cut() -> None:
    end = byte_tokenizer().eos_token_id
    assert builder().answer(" ab ")[-1] == end
    assert len(builder().answer(" ab ")) == 3
    assert builder(max_answer_tokens=2).answer("abc")[-1] != end
    with pytest.raises(ValueError, match="empty"):
        builder().answer("  ")


def test_a_chat_template_frames_the_prompt() -> None:
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = (
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
        "{% if add_generation_prompt %}<assistant>{% endif %}"
    )
    prompt = PromptBuilder(tokenizer, EndorserConfig(embedding_size=WIDTH)).endorsement(some_contexts(1)[0])
    text = text_of(prompt.ids)
    assert text.startswith("<system>")
    assert "<user>Film 0" in text
    assert text.endswith("<assistant>")
