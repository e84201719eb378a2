"""A padded batch laid out as rows: step after step, and in each step only the sequences that have not ended.

Sequences are sorted by length, longest first, so those alive at a step are always the first ones; a recurrence over
this layout computes no step that is not used. (It is the layout of torch's ``PackedSequence``.)
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Rows:
    """The layout of one batch: how many sequences each step has, and where each row comes from."""

    def __init__(self, batch: int, time: int, lengths: Tensor | None, device: torch.device) -> None:
        self.batch, self.time = batch, time
        self.sizes = [batch] * time  # sequences alive at each step, never growing
        self._order: Tensor | None = None  # (B,) which sequence stands at each place; None: as they came
        self._index: Tensor | None = None  # (M,) where each row stands in the flattened (T, B); None: all, in order
        lengths = None if lengths is None else lengths.cpu()
        if lengths is None or bool((lengths == time).all()):
            return
        ordered, order = lengths.sort(descending=True, stable=True)
        alive = torch.arange(int(ordered[0])).unsqueeze(1) < ordered  # (longest, B)
        self.sizes = alive.sum(1).tolist()
        step, place = alive.nonzero(as_tuple=True)  # (M,) each
        self._order = order.to(device)
        self._place = order.argsort().to(device)
        self._index = (step * batch + order[place]).to(device)

    def pack(self, x: Tensor) -> Tensor:
        """(B, T, K) to rows (M, K); padding is never read."""
        flat = x.transpose(0, 1).reshape(self.time * self.batch, x.shape[2])  # (T*B, K)
        return flat if self._index is None else flat.index_select(0, self._index)

    def unpack(self, rows: Tensor) -> Tensor:
        """Rows (M, K) to (B, T, K), zeros in the padding."""
        if self._index is not None:
            empty = rows.new_zeros(self.time * self.batch, rows.shape[1])
            rows = empty.index_copy(0, self._index, rows)
        return rows.unflatten(0, (self.time, self.batch)).transpose(0, 1)

    def sort(self, state: Sequence[Tensor]) -> list[Tensor]:
        """State members (B, ...) in the order of the layout."""
        return list(state) if self._order is None else [member.index_select(0, self._order) for member in state]

    def unsort(self, state: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """State members (B, ...) in the order they came in."""
        return tuple(state) if self._order is None else tuple(s.index_select(0, self._place) for s in state)
