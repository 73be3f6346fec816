"""A seeded split of ratings into training and held-out rows."""

import numpy as np
from numpy.typing import NDArray

from modelsvc.core.collab.ratings import Ratings


def held_out_mask(ratings: Ratings, *, share: float, seed: int) -> NDArray[np.bool_]:
    """Choose about ``share`` of the rows to hold out, uniformly at random.

    Rows whose viewer or item would keep no training rating stay in training, so that
    every held-out rating can be predicted.

    Args:
        ratings: R rows.
        share: in [0, 1).
        seed: same seed, same mask.

    Returns:
        bool [R], true where held out.

    Raises:
        ValueError: if ``share`` is outside [0, 1).
    """
    if not 0 <= share < 1:
        raise ValueError(f"held-out share must be in [0, 1), got {share}")
    mask = np.random.default_rng(seed).random(len(ratings)) < share
    for rows, count in (
        (ratings.viewer_rows, len(ratings.viewer_ids)),
        (ratings.item_rows, len(ratings.item_ids)),
    ):
        kept = np.bincount(rows[~mask], minlength=count)
        mask &= kept[rows] > 0
    return mask
