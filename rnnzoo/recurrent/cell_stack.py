"""How a stack of cells runs: in one call of torch's fused kernel where every cell offers it, else cell after cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from rnnzoo.contracts import State
from rnnzoo.ops.native import native_stack, native_step, native_steps
from rnnzoo.ops.ragged import reverse_by_length, zero_padding
from rnnzoo.recurrent.checks import check_lengths
from rnnzoo.recurrent.flat_names import FlatNames
from rnnzoo.recurrent.states import StateLayout
from rnnzoo.wrappers import innermost, shells


class CellStack(FlatNames):
    """Cells in ``cells``, layer-major and direction-minor. States are in the form of ``StateLayout.enter``."""

    input_size: int
    hidden_size: int
    proj_size: int
    num_layers: int
    batch_first: bool
    dropout: float
    _layout: StateLayout

    def __init__(self) -> None:
        super().__init__()
        self.cells = nn.ModuleList()
        self._forced: str | None = None
        self._ran_native = False
        self._mode: str | None = None
        self._weight_names: list[str] = []  # of a cell's parameters, in the order of torch's kernel

    def _cells(self) -> Iterable[Any]:
        """The cells, looked up without the detours of ``nn.Module``'s attributes."""
        return self._modules["cells"]._modules.values()  # type: ignore[union-attr]

    def _any_weight(self) -> Tensor | None:
        """A parameter, for its dtype and device; None where there are none."""
        for cell in self._cells():
            for parameter in cell._parameters.values():
                if parameter is not None:
                    return parameter
        return next(self.parameters(), None)

    def _settle(self) -> None:
        """Work out, once all cells are there, the layout of the state and whether torch's kernel can run the stack."""
        self._share()
        self._layout = StateLayout([cell.state_shapes for cell in self._cells()])
        modes = {getattr(cell, "native_mode", None) for cell in self._cells()}
        self._mode = modes.pop() if len(modes) == 1 else None
        if self._mode is not None:
            cell = next(iter(self._cells()))
            names = {id(parameter): name for name, parameter in cell._parameters.items() if parameter is not None}
            found = [names.get(id(weight)) for weight in cell.native_weights()]
            self._weight_names = [name for name in found if name is not None] if None not in found else []
        self.flatten_parameters()

    def initial_state(self, batch_size: int, *, device: Any = None, dtype: torch.dtype | None = None) -> Any:
        """The state that ``hx=None`` stands for, of ``batch_size`` rows, in the form of ``hx``."""
        states = [cell.initial_state(batch_size, device=device, dtype=dtype) for cell in self._cells()]
        return self._layout.leave(self._layout.join(states), batched=True)

    def _share(self) -> None:
        """Let the cells of one direction have the parameters that their class calls ``shared`` in common."""
        for direction in range(self.num_directions):
            first: dict[str, nn.Parameter] = {}
            for cell in map(innermost, list(self._cells())[direction :: self.num_directions]):
                for name in getattr(cell, "shared", ()):
                    if cell._parameters.get(name) is not None:
                        setattr(cell, name, first.setdefault(name, getattr(cell, name)))

    def _native_weights(self) -> list[Tensor]:
        """All weights in torch's order, where one call of torch's kernel is to run the whole stack; else none."""
        if self._mode is None or self._forced not in (None, "native") or torch.compiler.is_compiling():
            return []
        try:  # what native_weights() gives, without the detours of nn.Module
            weights = [cell._parameters[name] for cell in self._cells() for name in self._weight_names]
        except KeyError:  # a parameter was replaced by a computed one
            weights = []
        return weights or [weight for cell in self._cells() for weight in cell.native_weights()]

    def _run_native(self, x: Tensor, state: State | None, weights: list[Tensor], batch: int, **given: Any) -> Any:
        """The whole stack in one call of torch's kernel; ``x`` is padded, or packed data with its ``batch_sizes``."""
        if not self._ran_native:
            self._ran_native = True
        return native_stack(
            str(self._mode),
            x,
            self._layout.zeros(batch, x) if state is None else state,
            weights,
            num_layers=self.num_layers,
            bidirectional=self.bidirectional,
            dropout=self.dropout,
            training=self.training,
            batch_first=self.batch_first,
            **given,
        )

    def _quick_step(self, x: Tensor, hx: Any) -> tuple[Tensor, Any] | None:
        """A step of a single layer by torch's kernel, in as few operations as there may be; None where the usual way
        is to be gone, or to say what is wrong with the arguments."""
        if self._mode is None or self.num_layers > 1 or self.bidirectional or not isinstance(x, Tensor):
            return None
        if x.dim() != 2 or not native_steps(x, 2 if self.proj_size else 1):
            return None
        weights, members = self._native_weights(), (hx,) if isinstance(hx, Tensor) else hx
        if not weights or not isinstance(members, tuple) or len(members) != len(self._layout.shapes[0]):
            return None
        rows, width = x.shape
        dtype, device = x.dtype, x.device
        if not rows or width != self.input_size or dtype != weights[0].dtype or device != weights[0].device:
            return None
        expected = (1, rows, self.hidden_size)
        for one in members:
            if not isinstance(one, Tensor) or one.shape != expected or one.dtype != dtype or one.device != device:
                return None
        state = native_step(self._mode, x, tuple([member[0] for member in members]), weights)
        after = tuple([member[None] for member in state])  # indexing takes less time than squeeze and unsqueeze
        return state[0], after if len(after) > 1 else after[0]

    def _run_packed(self, packed: PackedSequence, state: Any, weights: list[Tensor]) -> tuple[PackedSequence, Any]:
        """Packed rows stand sorted by length, states in the caller's order."""
        x, batch_sizes, order, place = packed
        state = None if state is None else self._layout.permute(state, order)
        if weights:
            y, state = self._run_native(x, state, weights, int(batch_sizes[0]), batch_sizes=batch_sizes)
        else:
            x, lengths = pad_packed_sequence(PackedSequence(x, batch_sizes), batch_first=True)  # (B, T, I)
            y, state = self._run_cells(x, state, check_lengths(lengths, x.shape[0], x.shape[1]))
            y = pack_padded_sequence(y, lengths, batch_first=True).data
        return PackedSequence(y, batch_sizes, order, place), self._layout.permute(state, place)

    def _run_cells(self, x: Tensor, state: Any, lengths: Tensor | None) -> tuple[Tensor, Any]:
        """Cell after cell, batch first."""
        if self._ran_native:
            self._ran_native = False
        states = None if state is None else self._layout.split(state)
        cells = list(self._cells())
        final: list[State] = []
        handed: list[dict[str, Tensor]] = []
        for layer in range(self.num_layers):
            outputs = []
            for direction in range(self.num_directions):
                i = len(final)
                y = reverse_by_length(x, lengths) if direction else x  # (B, T, I)
                state = None if states is None else states[i]
                if not layer:
                    handed.append(self._handed(cells[i], y, state, lengths))
                y, last = cells[i](y, state, lengths, **(handed[direction] if layer else {}))  # (B, T, O)
                outputs.append(reverse_by_length(y, lengths) if direction else y)
                final.append(last)
            x = torch.cat(outputs, dim=-1) if self.bidirectional else outputs[0]
            x = self._drop(x, layer)
        return x, self._layout.join(final)

    def _handed(self, cell: Any, x: Tensor, state: State | None, lengths: Tensor | None) -> dict[str, Tensor]:
        """What a cell of the first layer hands to those above in its direction, by keyword; most hand nothing."""
        find = getattr(innermost(cell), "first_value", None)
        if find is None or self.num_layers == 1:
            return {}
        if cell is not innermost(cell):
            x = x if lengths is None else zero_padding(x, lengths)
            for shell in list(shells(cell))[:-1]:
                x, state = shell.seen(x, state, lengths)
        return {"first": find(x, state, lengths)}  # (B, T, ...)

    def _drop(self, y: Tensor, layer: int) -> Tensor:
        """Dropout after every layer but the last."""
        if self.dropout and self.training and layer < self.num_layers - 1:
            return F.dropout(y, self.dropout)
        return y

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> CellStack:
        super()._apply(fn, recurse)
        self.flatten_parameters()
        return self

    def flatten_parameters(self) -> None:
        """Let all weights share one buffer, as cuDNN wants them to; on other devices nothing happens."""
        weights = [] if self._mode is None else self._native_weights()
        if not weights or not torch.backends.cudnn.is_acceptable(weights[0]):
            return
        first = weights[0]
        alike = all(isinstance(w, nn.Parameter) and (w.dtype, w.device) == (first.dtype, first.device) for w in weights)
        if not alike or len({weight.data_ptr() for weight in weights}) < len(weights):
            return  # a weight that is computed, or used twice, can't be moved
        from torch.backends.cudnn.rnn import get_cudnn_mode

        with torch.no_grad(), torch.cuda.device_of(first):
            torch._cudnn_rnn_flatten_weight(
                weights,
                len(weights) // (self.num_layers * self.num_directions),
                self.input_size,
                get_cudnn_mode(str(self._mode).upper()),
                self.hidden_size,
                self.proj_size,
                self.num_layers,
                self.batch_first,
                self.bidirectional,
            )
