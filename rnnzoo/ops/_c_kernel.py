"""The two C functions of a gated recurrence, called with tensors, and how rows and weights are laid out for them."""

from __future__ import annotations

import ctypes
import functools

import torch
from torch import Tensor
from torch.nn import functional as F

from rnnzoo.ops._c_call import addresses, in_threads, whole_numbers
from rnnzoo.ops._c_writer import arrays_of, sizes
from rnnzoo.ops._gated_plan import Plan, Structure

SMALL = 1 << 14
"""Multiplications from which on a second thread pays for being told."""


class Kernel:
    """The two C functions of a plan for one dtype."""

    def __init__(self, structure: Structure, plan: Plan, built: ctypes.CDLL) -> None:
        self.structure = structure
        self.twice = not any(step.source >= 0 for step in plan.steps)  # scans have second derivatives
        self.plan, self.path = plan, str(built._name)
        self.functions = {False: built.forward, True: built.backward}
        self.names = {backward: arrays_of(plan, backward) for backward in (False, True)}
        self.sizes = {backward: sizes(plan, backward) for backward in (False, True)}

    def run(
        self, backward: bool, arrays: dict[str, Tensor | None], whole: dict[str, int], parts: list[Tensor],
        lengths: Tensor | None,
    ) -> None:  # fmt: skip
        """Call the function for each part of the rows, one thread a part.

        Args:
            backward: which of the two.
            arrays: by name; absent ones are null.
            whole: the sizes by name.
            parts: the rows (n,) int64 of each thread.
            lengths: (B,) int64 or ``None``.
        """
        given = addresses([arrays.get(name) for name in self.names[backward]])
        sizes = whole_numbers(whole[name] for name in self.sizes[backward])
        function = self.functions[backward]
        ends = None if lengths is None else ctypes.c_void_p(lengths.data_ptr())

        def one(number: int) -> int:
            rows = parts[number]
            return function(given, sizes, ctypes.c_void_p(rows.data_ptr()), ctypes.c_int64(len(rows)), ends)

        in_threads(one, len(parts))


def parts_of(batch: int, lengths: Tensor | None, work: int) -> list[Tensor]:
    """The rows of each thread, longest first; neighbours in length go to different threads."""
    threads = max(1, min(torch.get_num_threads(), batch, 1 + work // SMALL))
    if lengths is None:
        return _in_order(batch, threads)
    order = lengths.argsort(descending=True)
    return [order[number::threads].contiguous() for number in range(threads)]


@functools.lru_cache(maxsize=64)
def _in_order(batch: int, threads: int) -> list[Tensor]:
    return list(torch.arange(batch, device="cpu").tensor_split(threads))


def panels(weight: Tensor, lanes: int) -> Tensor:
    """A weight (inner, columns) in the layout of ``product``: (panels, inner, 2 * lanes)."""
    room = -weight.shape[1] % (2 * lanes)
    padded = F.pad(weight, (0, room)) if room else weight
    return padded.unflatten(1, (-1, 2 * lanes)).transpose(0, 1).contiguous()
