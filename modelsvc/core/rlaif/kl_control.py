"""The KL coefficient beta: fixed, or steered to a target KL. Source: eq. 3; Ziegler et al. 2019, sec. 2.2."""

from dataclasses import dataclass


@dataclass(frozen=True)
class KlController:
    """beta of eq. 3 with the rule that changes it after a step.

    With a target: e = clip(KL / target - 1, -0.2, 0.2), beta <- beta (1 + gain e). Without one, beta stays.
    """

    beta: float
    target_nats_per_token: float | None = None
    gain: float = 0.5

    def __post_init__(self) -> None:
        if self.beta < 0 or (self.target_nats_per_token is not None and self.target_nats_per_token <= 0):
            raise ValueError("beta must not be negative and a target KL must be positive")

    def after(self, kl_nats_per_token: float) -> "KlController":
        """The controller for the next step, given this step's KL."""
        if self.target_nats_per_token is None:
            return self
        error = min(0.2, max(-0.2, kl_nats_per_token / self.target_nats_per_token - 1.0))
        return KlController(self.beta * (1.0 + self.gain * error), self.target_nats_per_token, self.gain)
