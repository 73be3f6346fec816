"""Prioritization win rate (Ppr): which endorsement aligns more closely, where both cover the attribute.

Source: paper appendix E, after eq. 12: "we only considered instances where raters indicated that both
endorsements addressed an attribute", then the win rate of eq. 11.
"""

import numpy as np

from annotations.metrics.votes import Codes, Flags, VoteTable
from annotations.metrics.win_rate import WinRate, win_rate


def prioritization(votes: VoteTable, covers_both: Flags) -> WinRate:
    """Eq. 11 over the rater-attribute answers in which the same rater found both endorsements to cover it.

    Args:
        votes: one row per rater and attribute: which one aligns more closely.
        covers_both: bool [n], per vote.

    Returns:
        The win rate over the votes with ``covers_both``.

    Raises:
        ValueError: ``covers_both`` is not bool [n].
    """
    if covers_both.dtype != np.bool_ or covers_both.shape != votes.item.shape:
        raise ValueError(
            f"covers_both: expected bool [{len(votes)}], got {covers_both.dtype} {covers_both.shape}"
        )
    return win_rate(votes.rows(covers_both))


def rows_where_both_cover(
    vote_assignment: Codes,
    vote_attribute: Codes,
    answer_assignment: Codes,
    answer_attribute: Codes,
    answer_covers_both: Flags,
) -> Flags:
    """Match votes with coverage answers by (assignment, attribute).

    Args:
        vote_assignment, vote_attribute: int64 [v] codes.
        answer_assignment, answer_attribute: int64 [a] codes in the same coding.
        answer_covers_both: bool [a].

    Returns:
        bool [v]: the vote's own coverage answer says that both cover.
    """
    width = 1 + max(int(codes.max()) if len(codes) else 0 for codes in (vote_attribute, answer_attribute))
    covered = answer_assignment[answer_covers_both] * width + answer_attribute[answer_covers_both]
    return np.isin(vote_assignment * width + vote_attribute, covered)
