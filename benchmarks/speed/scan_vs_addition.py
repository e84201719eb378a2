"""The scan, forward and backward, against one elementwise addition of tensors of its size: float32.

    python benchmarks/speed/scan_vs_addition.py [--rounds 20] [--threads 1] [--clock cpu] [--write]

Aim: forward at most 3 times the addition, backward at most 6 times.
"""

from __future__ import annotations

import argparse

import torch
from _interleaved import CLOCKS, RESULTS, compare

from rnnzoo.ops.scan import BACKENDS, scan

SIZES = ((8, 35, 32), (128, 80, 64), (1, 80, 8192), (4, 4096, 128), (1, 4096, 1024))  # B, T, C


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=CLOCKS, default="cpu")
    parser.add_argument("--write", action="store_true", help=f"append rows under {RESULTS}")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for B, T, C in SIZES:
        a, b, h0 = torch.rand(B, T, C), torch.randn(B, T, C), torch.zeros(B, C)
        leaves = tuple(value.clone().requires_grad_() for value in (a, b, h0))
        g = torch.randn(B, T, C)
        candidates = {"addition": lambda a=a, b=b: a + b}
        for name in BACKENDS[1:]:
            h = scan(*leaves, backend=name)[0]
            candidates[f"{name} forward"] = lambda name=name, given=(a, b, h0): scan(*given, backend=name)
            candidates[f"{name} backward"] = lambda h=h, leaves=leaves, g=g: torch.autograd.grad(
                h, leaves, g, retain_graph=True
            )
        compare(
            "scan_vs_addition",
            candidates,
            baseline="addition",
            rounds=arguments.rounds,
            settings={"B": B, "T": T, "C": C, "dtype": "float32"},
            out=RESULTS if arguments.write else None,
            clock=arguments.clock,
        )


if __name__ == "__main__":
    main()
