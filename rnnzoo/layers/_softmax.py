"""What RWKV-4 and Aaren share: the state of a softmax over all steps so far, (m, u, w) of `rnnzoo.ops.softmax_scan`."""

from __future__ import annotations

from typing import Any

import torch

from rnnzoo.contracts import State
from rnnzoo.layers._scan import ScanCell
from rnnzoo.ops.softmax_scan import lowest


class SoftmaxCell(ScanCell):
    """A cell whose state is the largest exponent m, the sum of weights u and the weighted sum w, relative to it.

    The state before the first step is the empty sum: m `lowest`, u and w zero. All of it zero is an empty sum too,
    but one beside which scores far below zero weigh nothing.
    """

    states = ("m", "u", "w")
    bound = dict.fromkeys(states, "m, u and w are one sum, of which m is the scale")
    """Members of the state that mean nothing apart from the others, with the reason: see ``rnnzoo.wrappers``."""

    def initial_state(self, batch_size: int, *, device: Any = None, dtype: torch.dtype | None = None) -> State:
        """The empty sum, each member (B, *shape); a window's tail is zero."""
        m, *rest = super().initial_state(batch_size, device=device, dtype=dtype)
        return (torch.full_like(m, lowest(m.dtype)), *rest)
