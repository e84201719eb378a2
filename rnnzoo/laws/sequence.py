"""Laws of sequences: in one piece, in several, step by step, padded, beside others."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from rnnzoo.contracts import LayerEntry, State
from rnnzoo.laws.law import LawBroken, MakeCell, example, law, run, same, same_run


@law("shapes")
def law_shapes(make_cell: MakeCell, entry: LayerEntry) -> None:
    """Outputs, states and initial states have the shapes the cell declares."""
    cell = make_cell()
    x, _ = example(cell, batch=2, time=5)
    y, final = cell(x)
    expected = [(2, *shape) for shape in cell.state_shapes]
    for what, state in {"final state": final, "initial_state": cell.initial_state(2)}.items():
        if [tuple(member.shape) for member in state] != expected:
            raise LawBroken(f"{what} has shapes {[tuple(m.shape) for m in state]}, declared {expected}")
    if y.shape != (2, 5, cell.output_size):
        raise LawBroken(f"output has shape {tuple(y.shape)}, declared {(2, 5, cell.output_size)}")


@law("whole_is_stepped")
def law_whole_is_stepped(make_cell: MakeCell, entry: LayerEntry) -> None:
    """A whole sequence gives what step after step gives: values, final state and every gradient."""
    cell = make_cell()

    def stepped(x: Tensor, state: State) -> tuple[Tensor, State]:
        y = []
        for t in range(x.shape[1]):
            out, state = cell.step(x[:, t], state)
            y.append(out)
        return torch.stack(y, 1), state

    x, state = example(cell)
    same_run(run(cell, cell, x, state), run(cell, stepped, x, state), "whole against stepped")


@law("whole_is_chunked")
def law_whole_is_chunked(make_cell: MakeCell, entry: LayerEntry) -> None:
    """A sequence in pieces, the state carried over, gives what it gives in one piece; gradients too."""
    cell = make_cell()
    x, state = example(cell)
    whole = run(cell, cell, x, state)
    for cut in (1, x.shape[1] // 2):

        def chunked(x: Tensor, state: State, cut: int = cut) -> tuple[Tensor, State]:
            first, state = cell(x[:, :cut], state)
            second, state = cell(x[:, cut:], state)
            return torch.cat([first, second], 1), state

        same_run(run(cell, chunked, x, state), whole, f"cut after {cut} steps against whole")


@law("padding_changes_nothing")
def law_padding_changes_nothing(make_cell: MakeCell, entry: LayerEntry) -> None:
    """A row in a padded batch gives what it gives alone, whatever stands in the padding; gradients too."""
    cell = make_cell()
    x, state = example(cell, batch=4)
    time = x.shape[1]
    lengths = torch.tensor([3, time, 1, time - 1])
    for b, length in enumerate(lengths.tolist()):
        x[b, length:] = torch.nan

    def alone(x: Tensor, state: State) -> tuple[Tensor, State]:
        rows, finals = [], []
        for b, length in enumerate(lengths.tolist()):
            y, final = cell(x[b : b + 1, :length], tuple(member[b : b + 1] for member in state))
            rows.append(F.pad(y[0], (0, 0, 0, time - length)))
            finals.append(final)
        return torch.stack(rows), tuple(torch.cat(member) for member in zip(*finals, strict=True))

    padded = run(cell, lambda x, state: cell(x, state, lengths), x, state)
    same_run(padded, run(cell, alone, x, state), "padded batch against rows alone")


@law("neighbours_change_nothing")
def law_neighbours_change_nothing(make_cell: MakeCell, entry: LayerEntry) -> None:
    """Rows of a batch do not see one another, and reordering the batch reorders the result."""
    cell = make_cell()
    x, state = example(cell, batch=4)
    y, final = cell(x, state)
    order = torch.tensor([2, 0, 3, 1])
    moved, moved_final = cell(x[order], tuple(member[order] for member in state))
    same(moved, y[order], "reordered batch: output")
    same(moved_final, tuple(member[order] for member in final), "reordered batch: final state")
    alone, _ = cell(x[:1], tuple(member[:1] for member in state))
    same(alone, y[:1], "a row alone against in a batch")


@law("default_state")
def law_default_state(make_cell: MakeCell, entry: LayerEntry) -> None:
    """No state given is the same as `initial_state`."""
    cell = make_cell()
    x, _ = example(cell)
    same(cell(x), cell(x, cell.initial_state(x.shape[0], dtype=x.dtype)), "state=None against initial_state")


@law("inputs_are_left_alone")
def law_inputs_are_left_alone(make_cell: MakeCell, entry: LayerEntry) -> None:
    """What the caller passes in is not written to."""
    cell = make_cell()
    x, state = example(cell)
    copies = (x.clone(), *(member.clone() for member in state))
    with torch.no_grad():
        cell(x, state)
        cell.step(x[:, 0], state)
    same((x, *state), copies, "input or state after the call", 0.0)


@law("causal", needs=lambda entry: entry.causal)
def law_causal(make_cell: MakeCell, entry: LayerEntry) -> None:
    """An output does not depend on later inputs."""
    cell = make_cell()
    x, state = example(cell)
    cut = x.shape[1] // 2
    changed = torch.cat([x[:, :cut], -3 * x[:, cut:] + 1], 1)
    same(cell(changed, state)[0][:, :cut], cell(x, state)[0][:, :cut], f"outputs up to {cut}, later inputs changed")
