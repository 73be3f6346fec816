"""bfloat16 under fp32 master weights, where the processor has instructions for it."""

from functools import cache
from pathlib import Path

import torch


@cache
def processor_has_bfloat16() -> bool:
    """Whether matrix products in bfloat16 run in hardware; emulated ones are slower than fp32."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def autocast(device: torch.device) -> torch.autocast:
    """Autocast to bfloat16 on this device; a no-op where it would not pay."""
    enabled = device.type != "cpu" or processor_has_bfloat16()
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)
