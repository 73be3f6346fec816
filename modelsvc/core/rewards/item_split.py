"""Splits by item, so that no item is both learned from and measured on."""

import hashlib
from collections.abc import Iterable


def held_out_items(item_ids: Iterable[str], *, share: float, seed: int) -> frozenset[str]:
    """Items whose pairs are measured on and never trained on.

    Items are ranked by a hash of seed and id, and the first ``share`` are held out: at least one
    item where there are two or more, and always leaving one to train on. An item keeps its side
    whatever the order of the data.

    Raises:
        ValueError: if ``share`` is outside [0, 1).
    """
    if not 0 <= share < 1:
        raise ValueError(f"held-out share must be in [0, 1), got {share}")
    distinct = sorted(set(item_ids), key=lambda item_id: _rank(item_id, seed))
    if share == 0 or len(distinct) < 2:
        return frozenset()
    count = min(max(1, round(share * len(distinct))), len(distinct) - 1)
    return frozenset(distinct[:count])


def _rank(item_id: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{item_id}".encode()).digest()
