"""A training step of the peephole LSTM: ours against torchrecurrent's, with the same weights.

Run: python benchmarks/speed/gated_vs_torchrecurrent.py [--rounds N] [--write]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib.metadata import version

import torch
from _interleaved import CLOCKS, RESULTS, compare
from torch import Tensor, nn
from torchrecurrent import PeepholeLSTM as Peer

from rnnzoo.layers.peephole_lstm import PeepholeLSTM

SIZES = ((128, 80, 100, 64), (32, 128, 128, 256))  # B, T, I, H


def training_step(module: nn.Module, x: Tensor) -> Callable[[], None]:
    """A call that runs forward and backward once, for the gradients of weights and input."""

    def call() -> None:
        module.zero_grad(set_to_none=True)
        x.grad = None
        module(x)[0].square().mean().backward()

    return call


def twins(inputs: int, hidden: int) -> tuple[PeepholeLSTM, Peer]:
    """The two with equal weights, checked to give equal outputs."""
    ours, peer = PeepholeLSTM(inputs, hidden), Peer(inputs, hidden, batch_first=True)
    cell = peer.cells[0]
    with torch.no_grad():
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(cell, name).copy_(getattr(ours, name))
        cell.weight_ph.copy_(torch.cat([ours.p_i, ours.p_f, ours.p_o]))
    x = torch.randn(3, 5, inputs)
    torch.testing.assert_close(ours(x)[0], peer(x)[0])
    return ours, peer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=CLOCKS, default="cpu")
    parser.add_argument("--write", action="store_true", help=f"append rows under {RESULTS}")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    for batch, time, inputs, hidden in SIZES:
        ours, peer = twins(inputs, hidden)
        x = torch.randn(batch, time, inputs, requires_grad=True)
        compare(
            "gated_vs_torchrecurrent",
            {"rnnzoo": training_step(ours, x), "torchrecurrent": training_step(peer, x)},
            baseline="torchrecurrent",
            rounds=options.rounds,
            settings={"B": batch, "T": time, "I": inputs, "H": hidden, "torchrecurrent": version("torchrecurrent")},
            out=RESULTS if options.write else None,
            clock=options.clock,
        )


if __name__ == "__main__":
    main()
