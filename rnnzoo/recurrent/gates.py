"""The values of the gates of any layer, at every step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from rnnzoo.contracts import GateValues
from rnnzoo.layers._gates import layer_name, no_gates
from rnnzoo.ops.ragged import reverse_by_length
from rnnzoo.recurrent.cell_stack import CellStack
from rnnzoo.recurrent.checks import InputError, check_input, check_lengths
from rnnzoo.recurrent.flat_names import flat_name


def gate_values(layer: nn.Module, x: Any, state: Any = None, lengths: Any = None) -> Any:
    """The gates and the states inside a layer at every step of ``x``.

    What comes back, and what ``x``, ``state`` and ``lengths`` are, goes by the layer:

    - a cell: one `GateValues`, of tensors (B, T, width); arguments as the cell's ``forward``.
      ``gate_values(cell, x).gates["forget"]``, ``gate_values(cell, x).states["cell"]``.
    - a stack such as ``rnnzoo.LSTM``, of however many layers: a dict with one `GateValues` a layer and direction, by
      torch's suffixes: "l0", "l0_reverse", "l1", ...; arguments as its ``forward``. Values lie as the stack's
      output does: (T, B, width), (B, T, width) with ``batch_first``, (T, width) without a batch; padded where the
      input was packed. Those of a reverse direction stand where it reads that step.
    - a task (``rnnzoo.load_pretrained(...)``): the dict of its recurrent layers, (B, T, width); ``x`` is a list of raw
      input, as for its ``predict``.

    The gates of an LSTM are "input", "forget", "candidate" (what the input gate lets in) and "output", its states
    "hidden" and "cell". All are zero beyond a row's length, and can be differentiated. They are worked out by the
    readable loop, which is slower than ``forward``.

    Raises:
        NoGates: the layer has none; the message has those that have.
        TypeError, ValueError: ``layer`` is no layer of rnnzoo, or an argument does not fit it, as its ``forward`` says.
    """
    if isinstance(layer, CellStack):
        return _of_stack(layer, x, state, lengths)
    given = {"state": state, "lengths": lengths}
    return _of_cell(layer, x, **{name: value for name, value in given.items() if value is not None})


def _of_cell(layer: Any, x: Any, **given: Any) -> Any:
    find = getattr(layer, "gate_values", None)
    if find is None:
        if isinstance(layer, nn.Module) and hasattr(layer, "initial_state"):
            raise no_gates(layer_name(layer))
        raise TypeError(
            f"layer is a {type(layer).__module__}.{type(layer).__name__}; expected a layer of rnnzoo, such as "
            "rnnzoo.LSTM (which loads the state_dict of torch's), or a model that has one."
        )
    return find(x, **given)


def _of_stack(stack: CellStack, x: Any, hx: Any, lengths: Any) -> dict[str, GateValues]:
    weight = next(stack.cells.parameters(), None)
    if isinstance(x, PackedSequence):
        if lengths is not None:
            raise InputError("lengths were given with a PackedSequence, which has its own; pass only one of them.")
        x, lengths = pad_packed_sequence(x, batch_first=stack.batch_first)
    check_input(x, stack.input_size, weight, batch_first=stack.batch_first)
    batched, batch_dim = x.dim() == 3, 0 if stack.batch_first or x.dim() == 2 else 1
    x = (x if batched else x.unsqueeze(0)).transpose(0, batch_dim)  # (B, T, I)
    state = None if hx is None else stack._layout.enter(hx, x.shape[0] if batched else None, weight)
    lengths = None if lengths is None else check_lengths(lengths, x.shape[0], x.shape[1])

    def as_given(value: Tensor) -> Tensor:
        return value.transpose(0, batch_dim) if batched else value.squeeze(0)

    states = None if state is None else stack._layout.split(state)
    found, cells, handed = {}, list(stack.cells), []
    for at in range(stack.num_layers):
        outputs = []
        for direction in range(stack.num_directions):
            i = at * stack.num_directions + direction
            cell: Any = cells[i]
            start = None if states is None else states[i]
            y = reverse_by_length(x, lengths) if direction else x  # (B, T, I)
            if not at:
                handed.append(stack._handed(cell, y, start, lengths))
            above = handed[direction] if at else {}
            values: GateValues = _of_cell(cell, y, state=start, lengths=lengths, **above)
            y, _ = cell(y, start, lengths, **above)  # (B, T, O)
            outputs.append(reverse_by_length(y, lengths) if direction else y)
            parts = [
                {name: as_given(reverse_by_length(v, lengths) if direction else v) for name, v in part.items()}
                for part in values
            ]
            found[flat_name(i, "", stack.num_directions).lstrip("_")] = GateValues(*parts)
        x = stack._drop(torch.cat(outputs, dim=-1), at)
    return found
