"""Triton's scans are compared with the loop over time before they are first used, in values and in gradients."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from rnnzoo.ops._c_build import CannotBuild
from rnnzoo.ops._c_scan_check import _ran
from rnnzoo.ops._triton_scan import scan_triton

TOLERANCE = 1e-4
"""Relative to the largest value, or to 1."""


def check_scan(device: str) -> None:
    """Compare values and gradients with the loop over time, once in each process, whatever mode torch is in.

    Raises:
        CannotBuild: they differ, or Triton does not compile it.
    """
    from rnnzoo.ops.scan import run_reference

    lengths = torch.tensor([3, 5, 1], device="cpu")

    def there(a: Tensor, b: Tensor, h0: Tensor) -> tuple[Tensor, Tensor]:
        h, final = scan_triton(a.to(device), b.to(device), h0.to(device), lengths.to(device))
        return h.cpu(), final.cpu()

    for pair in (False, True):
        for sizes in ((3, 5, 11, 3), (1, 1, 11, 1)):
            theirs = _ran(partial(run_reference, lengths), sizes, pair, torch.float32)
            try:
                ours = _ran(there, sizes, pair, torch.float32)
            except Exception as error:  # whatever a compiler, a driver or a launch has to say
                raise CannotBuild(f"Triton cannot run a scan ({type(error).__name__}: {str(error)[-300:]})") from error
            for our, their in zip(ours, theirs, strict=True):
                worst = float((our - their).abs().max()) / max(1.0, float(their.abs().max()))
                if not worst <= TOLERANCE:
                    raise CannotBuild(f"Triton's scan differs from the reference by {worst:.1e}")
