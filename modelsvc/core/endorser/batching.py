"""Rows of unequal length as tensors, and batches of about equal length."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor


def right_padded(rows: Sequence[Sequence[int]], pad: int = 0) -> Tensor:
    """Token ids [B, T], padded on the right, for training: a causal mask hides the pads from real tokens."""
    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), pad, dtype=torch.long)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row, dtype=torch.long)
    return ids


def left_padded(rows: Sequence[Sequence[int]], pad: int = 0) -> tuple[Tensor, Tensor]:
    """Token ids [B, T] padded on the left, and the mask [B, T] of real tokens; for generation."""
    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), pad, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.bool)
    for index, row in enumerate(rows):
        ids[index, width - len(row) :] = torch.tensor(row, dtype=torch.long)
        mask[index, width - len(row) :] = True
    return ids, mask


def answer_tensors(answers: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Answers as token ids [B, T] and the mask [B, T] of their tokens."""
    lengths = torch.tensor([len(answer) for answer in answers])
    ids = right_padded(answers)
    return ids, torch.arange(ids.shape[1]) < lengths.unsqueeze(1)


def sorted_batches(lengths: Sequence[int], batch_size: int) -> Iterator[list[int]]:
    """Indices in batches of neighbouring lengths, longest first, so that memory peaks at once."""
    order = np.argsort(-np.asarray(lengths), kind="stable").tolist()
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def training_batches(lengths: Sequence[int], batch_size: int, *, seed: int, epoch: int) -> list[list[int]]:
    """One epoch's batches: shuffled, then sorted by length inside pools of 16 batches, then shuffled again.

    The same seed and epoch give the same batches, so a resumed run needs no stored order. Every index
    appears once; the last batch of an epoch may be smaller.
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(lengths))
    pool = 16 * batch_size
    batches: list[list[int]] = []
    for start in range(0, len(order), pool):
        members = sorted(order[start : start + pool].tolist(), key=lambda index: lengths[index])
        batches += [members[at : at + batch_size] for at in range(0, len(members), batch_size)]
    random.shuffle(batches)
    return batches
