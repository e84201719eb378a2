"""Half precision on a processor without products of it is slower than float32; that is said before the training."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from rnnzoo.bench.quiet import say_once

SLOW = 2.0
"""From so many times float32's time on it is worth a word."""


def tell_slow_precision(precision: str, device: torch.device, ratio: Callable[[], float] | None = None) -> None:
    """Say once, on the error stream, that ``precision`` is slow on this processor, where it is.

    Args:
        precision: the Trainer's, such as "bf16-mixed".
        device: that is trained on.
        ratio: of a product's time to float32's; by default it is measured, which takes some milliseconds.
    """
    if device.type != "cpu" or precision not in ("bf16-mixed", "bf16-true"):
        return
    found = (ratio or product_ratio)()
    if found > SLOW:
        say_once(
            f"--precision {precision}: a product of matrices takes {found:.0f} times as long in bfloat16 as in "
            "float32 on this CPU, which has no instructions for it. It trains the same, slowly; use --precision 32."
        )


def product_ratio(size: int = 128, times: int = 5) -> float:
    """The time of a product of square matrices in bfloat16 over that in float32; the shortest of a few of each."""
    x = torch.ones(size, size)
    shortest = {}
    for dtype in (torch.float32, torch.bfloat16):
        given = x.to(dtype)
        found = []
        for _ in range(times):
            begin = time.perf_counter()
            given @ given
            found.append(time.perf_counter() - begin)
        shortest[dtype] = min(found)
    return shortest[torch.bfloat16] / shortest[torch.float32]
