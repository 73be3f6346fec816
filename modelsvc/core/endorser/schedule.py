"""Learning-rate schedules."""

import math
from typing import Literal

Schedule = Literal["cosine", "linear", "constant"]


def learning_rate_factor(step: int, *, steps: int, warmup_steps: int, schedule: Schedule) -> float:
    """Share of the peak learning rate at a step counted from 0.

    Rises linearly over warmup_steps, then falls to 0 at ``steps`` as a half cosine or a line, or stays.
    """
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    if schedule == "constant":
        return 1.0
    share = (step - warmup_steps) / max(1, steps - warmup_steps)
    return 0.5 * (1.0 + math.cos(math.pi * share)) if schedule == "cosine" else 1.0 - share
