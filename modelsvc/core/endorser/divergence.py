"""A training whose numbers are no longer numbers stops, before it spoils its weights."""

import math


class TrainingDivergedError(RuntimeError):
    """The loss or the gradient of a step is not finite."""


def refuse_divergence(step: int, *, loss: float, grad_norm: float) -> None:
    """Call between the gradient and the update of a step.

    Args:
        step: counted from 1.
        loss: of the step, in any unit. grad_norm: before clipping.

    Raises:
        TrainingDivergedError: naming the step, if either is not finite.
    """
    if not (math.isfinite(loss) and math.isfinite(grad_norm)):
        raise TrainingDivergedError(
            f"step {step}: the loss is {loss:g} and its gradient's norm {grad_norm:g}; "
            "a lower learning rate may help"
        )
