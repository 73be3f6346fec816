"""How the policy is fine-tuned, with what the paper says of each choice."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from modelsvc.core.endorser.precision import Precision
from modelsvc.core.endorser.schedule import Schedule


class OnPolicyConfig(BaseModel):
    """REINFORCE with KL (sec. 4.2, App. D). The paper prints no values; these are measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(
        default=24, ge=1, description="updates; App. D: trajectories come from the current policy"
    )
    contexts_per_step: int = Field(default=4, ge=1, description="different (I, i, u) a step")
    samples_per_context: int = Field(
        default=4, ge=1, description="G, texts per context; they are each other's baseline"
    )
    baseline: Literal["leave_one_out", "batch", "none"] = Field(
        default="leave_one_out", description="variance reduction; plain REINFORCE in App. D has none"
    )
    whiten: bool = Field(default=True, description="divide advantages by their root mean square")
    beta: float = Field(
        default=0.05, ge=0, description="eq. 3: weight of the trajectory KL in nats; not stated in the paper"
    )
    target_kl_nats_per_token: float | None = Field(
        default=None, gt=0, description="set: beta adapts; null: beta is fixed"
    )
    max_kl_nats_per_token: float = Field(
        default=0.6, gt=0, description="stop early above this; protects 'semantic skill'"
    )
    learning_rate: float = Field(default=2e-4, gt=0)
    schedule: Schedule = "linear"
    warmup_share: float = Field(default=0.1, ge=0, le=1)
    max_grad_norm: float = Field(default=1.0, gt=0)
    weights: Literal["lora", "all"] = Field(
        default="lora", description="all keeps a frozen copy as the reference policy"
    )
    lora_rank: int = Field(default=16, ge=1)
    lora_alpha: float = Field(default=32.0, gt=0)
    temperature: float = Field(
        default=1.0, gt=0, description="of the policy that is sampled and scored alike"
    )
    max_new_tokens: int = Field(default=160, ge=1)
    passes_of: int = Field(default=8, ge=1, description="texts scored together in the update")
    repetition_limit: float = Field(
        default=0.2, ge=0, le=1, description="share of repeated 4-grams above which a text pays"
    )
    min_words: int = Field(default=15, ge=0, description="shorter texts pay the penalty too")
    guard_penalty: float = Field(default=2.0, ge=0, description="taken off the joint reward of such texts")
    precision: Precision = "auto"
    seed: int = 0
    sample_every: int = Field(default=5, ge=1, description="steps between reported sample texts")
    checkpoint_every: int = Field(default=10, ge=1)

    @model_validator(mode="after")
    def _baseline_has_samples(self) -> "OnPolicyConfig":
        if self.baseline == "leave_one_out" and self.samples_per_context < 2:
            raise ValueError("the leave-one-out baseline needs samples_per_context of 2 or more")
        if self.baseline == "batch" and self.contexts_per_step * self.samples_per_context < 2:
            raise ValueError("the batch baseline needs two or more texts a step")
        return self

    @property
    def batch_size(self) -> int:
        """Rollouts per step."""
        return self.contexts_per_step * self.samples_per_context
