"""Triton's kernels against the readable loop on the device itself, at odd sizes, in value and gradient.

    python benchmarks/gpu/equal.py [--tiny] [--interpret]

Tolerances are relative to the largest value: 1e-4 for float32 (three products of tf32 make one), 5e-2 for bfloat16.
"""

from __future__ import annotations

import argparse
import traceback
from typing import Any

import torch
from torch import Tensor

import rnnzoo
from rnnzoo.ops import complex_scan, scan
from rnnzoo.registry import LAYERS

TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 5e-2}
CELLS = ("lstm", "gru", "peephole_lstm", "lem", "scrn", "sru", "unicornn", "mingru", "rg_lru")
SIZES = [(1, 1, 1), (3, 7, 5), (17, 33, 64), (16, 20, 128), (33, 9, 200), (70, 5, 768), (300, 3, 257)]
"""Rows, steps, channels: below and above what one program holds, and more rows than run at once."""


def gradients(call: Any, leaves: list[Tensor]) -> list[Tensor]:
    """Results of the call and the gradients of a fixed score of them, as float32 on the CPU."""
    parts = [part for part in call() if part is not None]
    generator = torch.Generator().manual_seed(3)
    real = [torch.view_as_real(part) if part.is_complex() else part for part in parts]
    weights = [torch.randn(part.shape, generator=generator).to(part.device) for part in real]
    score = sum((part.float() * weight).sum() for part, weight in zip(real, weights, strict=True))
    found = torch.autograd.grad(score, leaves, allow_unused=True)  # type: ignore[arg-type]
    zeroed = [torch.zeros_like(leaf) if g is None else g for g, leaf in zip(found, leaves, strict=True)]
    return [part.detach().float().cpu() for part in (*parts, *zeroed)]


def cell_case(name: str, size: tuple[int, int, int], dtype: torch.dtype, ragged: bool, device: str) -> float:
    """The largest difference of a cell's results and gradients."""
    torch.manual_seed(0)
    batch, time, hidden = size
    cell: Any = LAYERS.entry(name).target(5, hidden).to(device)
    x = torch.randn(batch, time, 5, device=device, requires_grad=True)
    state = tuple((torch.randn(batch, *s, device=device) / 2).requires_grad_() for s in cell.state_shapes)
    lengths = torch.randint(1, time + 1, (batch,)) if ragged else None
    leaves, ran = [x, *state, *cell.parameters()], []
    for backend in ("triton", "reference"):
        cell.backend = backend
        low = backend == "triton" and dtype != torch.float32

        def call(low: bool = low) -> list[Tensor]:
            with torch.autocast(device, dtype=dtype, enabled=low):
                y, final = cell(x, state, lengths)
            return [y, *final]

        ran.append(gradients(call, leaves))
    return worst(*ran)


def scan_case(pair: bool, batch: int, time: int, channels: int, ragged: bool, device: str) -> float:
    """The largest difference of a scan's states and gradients."""
    torch.manual_seed(0)
    two = (2,) if pair else ()
    a = (torch.rand(batch, time, channels, *two, device=device) * 1.2 - 0.6).requires_grad_()
    b = torch.randn(batch, time, channels, *two, device=device, requires_grad=True)
    h0 = torch.randn(batch, channels, *two, device=device, requires_grad=True)
    lengths = torch.randint(1, time + 1, (batch,)) if ragged else None
    run = complex_scan if pair else scan
    return worst(
        *(gradients(lambda n=n: run(a, b, h0, lengths=lengths, backend=n), [a, b, h0]) for n in ("triton", "reference"))
    )


def worst(ours: list[Tensor], theirs: list[Tensor]) -> float:
    pairs = zip(ours, theirs, strict=True)
    return max(float((our - their).abs().max()) / max(1.0, float(their.abs().max())) for our, their in pairs)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tiny", action="store_true", help="the smallest sizes")
    parser.add_argument("--interpret", action="store_true", help="in Triton's interpreter, on the CPU")
    given = parser.parse_args()
    device = "cpu" if given.interpret else "cuda"
    names, sizes = (CELLS[:2], SIZES[1:2]) if given.tiny else (CELLS, SIZES)
    cases: list[tuple[str, Any, float]] = [
        (f"{name} {size} {dtype} ragged={ragged}", (cell_case, name, size, dtype, ragged, device), TOLERANCE[dtype])
        for name in names
        for size in sizes
        for dtype in TOLERANCE
        for ragged in (False, True)
    ]
    for pair in (False, True):
        for size in [(2, 9, 3)] if given.tiny else [(1, 1, 1), (3, 70, 33), (2, 5000, 40), (64, 300, 257)]:
            cases += [(f"scan pairs={pair} {size}", (scan_case, pair, *size, True, device), TOLERANCE[torch.float32])]
    failed = 0
    for what, (function, *arguments), tolerance in cases:
        try:
            found = function(*arguments)
            good = found <= tolerance
            print(f"{'equal ' if good else 'DIFFER'} {found:.1e} {what}", flush=True)
        except Exception:  # the other cases still tell something
            good = False
            print(f"FAILED {what}\n{traceback.format_exc(limit=-3)}", flush=True)
        failed += not good
    print(f"{len(cases) - failed} of {len(cases)} cases equal; rnnzoo {rnnzoo.__version__}, torch {torch.__version__}")
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
