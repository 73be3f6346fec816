"""The text encoder: soft tokens, windows, files."""

from pathlib import Path

import pytest
import torch

from modelsvc.core.rewards import EncoderError, TextEncoder, load_encoder, load_minilm, tiny_random_encoder
from tests.core.rewards.worlds import WORDS


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return tiny_random_encoder(WORDS)


@torch.no_grad()
def test_padding_does_not_change_a_text(encoder: TextEncoder) -> None:
    alone = encoder.pooled(["space film"])
    beside = encoder.pooled(["space film", "space romance heist war comedy horror and much film"])
    torch.testing.assert_close(alone[0], beside[0], atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_soft_tokens_change_the_text_and_belong_to_their_row(encoder: TextEncoder) -> None:
    prefix = torch.randn(2, 3, encoder.token_size, generator=torch.Generator().manual_seed(0))
    texts = ["space film", "romance and war film"]
    both = encoder.pooled(texts, prefix)
    assert not torch.allclose(both, encoder.pooled(texts), atol=1e-3)
    torch.testing.assert_close(both[1:], encoder.pooled(texts[1:], prefix[1:]), atol=1e-5, rtol=1e-4)


def test_long_texts_are_windowed_and_lose_no_token(encoder: TextEncoder) -> None:
    text = " ".join(["space", "war"] * 200)
    batch = encoder.windows([text, "film"], prefix_tokens=4)
    assert batch.token_ids.shape[1] + 4 <= encoder.positions
    of_first = batch.text_rows == 0
    assert int(batch.mask[of_first].sum() - 2 * of_first.sum()) == 400
    with torch.no_grad():
        changed = encoder.pooled([text + " comedy"]) - encoder.pooled([text])
    assert changed.abs().max() > 1e-5  # the last word of 401 still counts


def test_only_the_top_layers_of_a_copy_train_and_words_are_shared(encoder: TextEncoder) -> None:
    copy = encoder.trainable_copy(1)
    trained = {name for name, p in copy.named_parameters() if p.requires_grad}
    assert trained
    assert all(".layer.1." in name for name in trained)
    assert copy.transformer.get_input_embeddings() is encoder.transformer.get_input_embeddings()


@torch.no_grad()
def test_round_trip(encoder: TextEncoder, tmp_path: Path) -> None:
    encoder.save(tmp_path)
    loaded = load_encoder(tmp_path)
    torch.testing.assert_close(loaded.pooled(["a heist film"]), encoder.pooled(["a heist film"]))


def test_a_folder_without_an_encoder_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=str(tmp_path)):
        load_encoder(tmp_path)


@torch.no_grad()
def test_minilm_from_its_package_knows_what_is_alike() -> None:
    pooled = load_minilm().pooled(
        ["A boy befriends an alien.", "A child meets a creature from space.", "Tax law."]
    )
    unit = torch.nn.functional.normalize(pooled, dim=1)
    assert unit[0] @ unit[1] > 0.3 > unit[0] @ unit[2]
