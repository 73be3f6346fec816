"""Padding and batches."""

import numpy as np

from modelsvc.core.endorser.batching import answer_tensors, left_padded, sorted_batches, training_batches


def test_left_and_right_padding_by_hand() -> None:
    ids, mask = left_padded([[5], [6, 7]])
    assert ids.tolist() == [[0, 5], [6, 7]]
    assert mask.tolist() == [[False, True], [True, True]]
    ids, mask = answer_tensors([[5], [6, 7]])
    assert ids.tolist() == [[5, 0], [6, 7]]
    assert mask.tolist() == [[True, False], [True, True]]


def test_sorted_batches_put_the_longest_first_and_lose_nothing() -> None:
    assert list(sorted_batches([3, 9, 1, 9], 2)) == [[1, 3], [0, 2]]


def test_an_epoch_holds_every_index_once_and_depends_on_seed_and_epoch() -> None:
    lengths = np.random.default_rng(0).integers(1, 300, size=203).tolist()
    first = training_batches(lengths, 8, seed=1, epoch=0)
    assert sorted(index for batch in first for index in batch) == list(range(203))
    assert first == training_batches(lengths, 8, seed=1, epoch=0)
    assert first != training_batches(lengths, 8, seed=1, epoch=1)
    assert first != training_batches(lengths, 8, seed=2, epoch=0)


def test_batches_hold_neighbouring_lengths() -> None:
    lengths = np.random.default_rng(0).integers(1, 300, size=256).tolist()
    batches = training_batches(lengths, 8, seed=1, epoch=0)
    spread = np.mean([max(lengths[i] for i in b) - min(lengths[i] for i in b) for b in batches])
    assert spread < 60  # a random batch of eight spreads over about 230
