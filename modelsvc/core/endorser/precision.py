"""Where bfloat16 is fast, and how training uses it with fp32 master weights."""

from contextlib import AbstractContextManager
from functools import cache
from typing import Literal

import torch

Precision = Literal["auto", "fp32", "bf16"]


@cache
def bf16_is_fast() -> bool:
    """True when this machine has bfloat16 instructions: avx512_bf16, amx_bf16, or a CUDA device with it."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def uses_bf16(precision: Precision) -> bool:
    """Resolve ``auto`` on this machine."""
    return precision == "bf16" or (precision == "auto" and bf16_is_fast())


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """Matrix products in bfloat16, master weights and losses in float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=uses_bf16(precision))
