"""A training step of minGRU and minLSTM, ours against minGRU-pytorch's and torch's GRU: float32, forward and backward.

    python benchmarks/speed/scan_vs_mingru_pytorch.py [--rounds 20] [--threads 1] [--clock cpu] [--write]

Both have one fused input matrix without a bias, the state as output, and get the gradient of input and weights.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import torch
from _interleaved import CLOCKS, RESULTS, compare
from minGRU_pytorch.minGRU import minGRU
from minGRU_pytorch.minLSTM import minLSTM
from torch import Tensor, nn

from rnnzoo.layers.mingru import MinGRU
from rnnzoo.layers.minlstm import MinLSTM

SIZES = ((128, 80, 100, 64), (32, 128, 128, 256), (64, 1000, 10, 100), (4, 4096, 128, 128))  # B, T, I, H


def training_step(module: nn.Module, x: Tensor, g: Tensor) -> Callable[[], None]:
    def step() -> None:
        module.zero_grad(set_to_none=True)
        x.grad = None
        y = module(x)
        (y[0] if isinstance(y, tuple) else y).backward(g)

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=CLOCKS, default="cpu")
    parser.add_argument("--write", action="store_true", help=f"append rows under {RESULTS}")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for B, T, I, H in SIZES:
        x = torch.randn(B, T, I, requires_grad=True)
        g = torch.randn(B, T, H)
        for name, ours, peer in (("mingru", MinGRU, minGRU), ("minlstm", MinLSTM, minLSTM)):
            candidates = {
                f"minGRU-pytorch {name}": training_step(peer(I, expansion_factor=H / I, proj_out=False), x, g),
                "torch.nn.GRU": training_step(nn.GRU(I, H, batch_first=True), x, g),
                f"rnnzoo {name} plain": training_step(ours(I, H, bias=False), x, g),
                f"rnnzoo {name} log": training_step(ours(I, H, bias=False, form="log"), x, g),
            }
            compare(
                "scan_vs_mingru_pytorch",
                candidates,
                baseline=f"minGRU-pytorch {name}",
                rounds=arguments.rounds,
                settings={"layer": name, "B": B, "T": T, "I": I, "H": H, "dtype": "float32"},
                out=RESULTS if arguments.write else None,
                clock=arguments.clock,
            )


if __name__ == "__main__":
    main()
