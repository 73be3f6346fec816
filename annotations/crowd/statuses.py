"""The states of a rater's session on a platform, under one spelling."""

import re

ACTIVE = "active"
AWAITING_REVIEW = "awaiting_review"
APPROVED = "approved"
REJECTED = "rejected"
RETURNED = "returned"
SCREENED_OUT = "screened_out"
TIMED_OUT = "timed_out"

KNOWN = frozenset({ACTIVE, AWAITING_REVIEW, APPROVED, REJECTED, RETURNED, SCREENED_OUT, TIMED_OUT})
# The rater has left without finishing: what they hold goes to others.
LEFT = frozenset({RETURNED, TIMED_OUT})

_SPELLING = re.compile(r"[a-z][a-z_]{0,39}")


def normalise_status(text: str) -> str:
    """``AWAITING REVIEW``, ``TIMED-OUT`` and ``timed_out`` in one spelling; a new status keeps its name.

    Raises:
        ValueError: it does not look like a status.
    """
    status = re.sub(r"[\s_-]+", "_", text.strip().lower())
    if not _SPELLING.fullmatch(status):
        raise ValueError("is not a status")
    return status
