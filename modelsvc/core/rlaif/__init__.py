"""Reinforcement learning from AI and human feedback: from SFT to P4LM."""

from modelsvc.core.rlaif.config import OnPolicyConfig as OnPolicyConfig
from modelsvc.core.rlaif.on_policy import OnPolicyReport as OnPolicyReport
from modelsvc.core.rlaif.on_policy import RewardFunction as RewardFunction
from modelsvc.core.rlaif.on_policy import SampleText as SampleText
from modelsvc.core.rlaif.on_policy import train_on_policy as train_on_policy
