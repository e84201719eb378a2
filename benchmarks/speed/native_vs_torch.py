"""A training step of rnnzoo.RNN, LSTM and GRU against torch.nn's own, with the same weights.

Run: python benchmarks/speed/native_vs_torch.py [--rounds N] [--write]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import torch
from _interleaved import CLOCKS, RESULTS, compare
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

import rnnzoo

SIZES = ((128, 80, 100, 64), (32, 128, 128, 256), (1, 16, 16, 16))  # B, T, I, H
STACK = {"num_layers": 2, "bidirectional": True}
FORMS = [*((size, {}, "padded") for size in SIZES), (SIZES[0], STACK, "padded")]
FORMS += [(SIZES[0], {}, form) for form in ("packed", "lengths")]
"""Sizes, stack, and the input: padded rows, packed rows, or padded rows with lengths (which torch packs and pads)."""


class Packing(nn.Module):
    """A module of torch.nn on padded rows of these lengths, as its users write it."""

    def __init__(self, module: nn.Module, lengths: Tensor) -> None:
        super().__init__()
        self.module, self.lengths = module, lengths

    def forward(self, x: Tensor) -> tuple[Tensor, object]:
        y, state = self.module(pack_padded_sequence(x, self.lengths, batch_first=True))
        return pad_packed_sequence(y, batch_first=True)[0], state


class WithLengths(Packing):
    """A layer of ours on the same rows."""

    def forward(self, x: Tensor) -> tuple[Tensor, object]:
        return self.module(x, lengths=self.lengths)


def training_step(module: nn.Module, x: Tensor | PackedSequence, repeats: int) -> Callable[[], None]:
    """A call that runs forward and backward ``repeats`` times, so that small sizes last long enough to be timed."""

    def call() -> None:
        for _ in range(repeats):
            module.zero_grad(set_to_none=True)
            y = module(x)[0]
            (y.data if isinstance(y, PackedSequence) else y).square().mean().backward()

    return call


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=CLOCKS, default="cpu")
    parser.add_argument("--write", action="store_true", help=f"append rows under {RESULTS}")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    for (B, T, I, H), stack, form in FORMS:
        for name in ("RNN", "LSTM", "GRU"):
            ours = getattr(rnnzoo, name)(I, H, batch_first=True, **stack)
            peer = getattr(nn, name)(I, H, batch_first=True, **stack)
            peer.load_state_dict(ours.state_dict())
            x = torch.randn(B, T, I, requires_grad=True)
            torch.testing.assert_close(ours(x)[0], peer(x)[0])
            given = x
            lengths = torch.linspace(T, T // 2, B).long()
            if form == "lengths":
                ours, peer = WithLengths(ours, lengths), Packing(peer, lengths)
            if form == "packed":
                given = pack_padded_sequence(x, lengths, batch_first=True)
                given = given._replace(data=given.data.detach().requires_grad_())
            repeats = 20 if B * T * H < 10_000 else 1
            compare(
                "native_vs_torch",
                {
                    f"torch.nn.{name}": training_step(peer, given, repeats),
                    f"rnnzoo.{name}": training_step(ours, given, repeats),
                },
                baseline=f"torch.nn.{name}",
                rounds=options.rounds,
                settings={"B": B, "T": T, "I": I, "H": H, **stack, "input": form},
                out=RESULTS if options.write else None,
                clock=options.clock,
            )


if __name__ == "__main__":
    main()
