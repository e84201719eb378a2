"""Laws of agreement: with the reference loop, with torch's own module, compiled, exported."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import LayerEntry, State
from rnnzoo.laws.law import LawBroken, MakeCell, example, law, run, same, same_run
from rnnzoo.ops.backends import has_compiler
from rnnzoo.recurrent.scanned import ScannedCell


@law("backends_agree")
def law_backends_agree(make_cell: MakeCell, entry: LayerEntry) -> None:
    """Every backend, and the one chosen by default, gives the reference's values and gradients."""
    cell = make_cell()
    backends = [name for name in getattr(cell, "backends", ("reference",)) if name != "c" or has_compiler()]
    x, state = example(cell)
    for lengths in (None, torch.tensor([2, x.shape[1], 1])):
        runs = {}
        for backend in (*backends, None):
            cell.backend = backend
            runs[backend] = run(cell, partial(cell, lengths=lengths), x, state)
            if backend is not None and cell.last_backend != backend:
                raise LawBroken(f"backend='{backend}' was forced, last_backend says '{cell.last_backend}'")
        for backend, given in runs.items():
            same_run(given, runs["reference"], f"backend={backend!r} against the reference")


@law("differentiable_twice", needs=lambda entry: entry.double_backward)
def law_differentiable_twice(make_cell: MakeCell, entry: LayerEntry) -> None:
    """The reference's second derivatives are those of finite differences."""
    cell = make_cell()
    cell.backend = "reference"
    x, state = example(cell, batch=2, time=3)
    names = [name for name, _ in cell.named_parameters()]
    floats = [member for member in state if member.is_floating_point()]

    def function(x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        given = iter(rest)
        start = tuple(next(given) if member.is_floating_point() else member for member in state)
        y, final = torch.func.functional_call(cell, dict(zip(names, given, strict=True)), (x, start))
        return (y, *(member for member in final if member.is_floating_point()))

    arguments = [t.detach().clone().requires_grad_() for t in (x, *floats, *cell.parameters())]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        try:
            torch.autograd.gradgradcheck(function, arguments, fast_mode=True)
        except RuntimeError as error:
            raise LawBroken(f"second derivatives: {error}") from error


@law("equals_torch", needs=lambda entry: (entry.oracle or "").startswith("torch.nn."))
def law_equals_torch(make_cell: MakeCell, entry: LayerEntry) -> None:
    """With the same weights torch's own module gives the same values and gradients."""
    cell = make_cell()
    options = {name: entry.tiny[name] for name in ("bias", "proj_size", "nonlinearity") if name in entry.tiny}
    oracle = getattr(nn, str(entry.oracle).removeprefix("torch.nn."))(
        cell.input_size, cell.hidden_size, batch_first=True, dtype=torch.float64, **options
    )
    oracle.load_state_dict({f"{name}_l0": weight for name, weight in cell.state_dict().items()})

    def theirs(x: Tensor, state: State) -> tuple[Tensor, State]:
        hx = tuple(member.unsqueeze(0) for member in state)
        y, final = oracle(x, hx if len(hx) > 1 else hx[0])
        return y, tuple(m.squeeze(0) for m in (final if isinstance(final, tuple) else (final,)))

    x, state = example(cell)
    expected = run(oracle, theirs, x, state)
    renamed = {name.removesuffix("_l0"): gradient for name, gradient in expected.gradients.items()}
    same_run(run(cell, cell, x, state), expected._replace(gradients=renamed), f"against {entry.oracle}")


@law("compiles", needs=lambda entry: entry.exportable, slow=True)
def law_compiles(make_cell: MakeCell, entry: LayerEntry) -> None:
    """``torch.compile`` takes the cell as one graph, with the same values and gradients."""
    cell = make_cell()
    x, state = example(cell, time=4)
    torch.compiler.reset()
    compiled = torch.compile(cell, backend="aot_eager", fullgraph=True)
    try:
        given = run(cell, compiled, x, state)
    except RuntimeError as error:
        raise LawBroken(f"torch.compile: {error}") from error
    same_run(given, run(cell, cell, x, state), "compiled against eager")


@law("exports", needs=lambda entry: entry.exportable, slow=True)
def law_exports(make_cell: MakeCell, entry: LayerEntry) -> None:
    """``torch.export`` takes the cell with its loop as an operator: same values for other rows, steps and lengths."""
    cell = make_cell().requires_grad_(False)
    batch, time = torch.export.Dim("batch"), torch.export.Dim("time")
    x, state = example(cell, time=4)
    sizes: tuple[Any, ...] = ({0: batch, 1: time}, tuple({0: batch} for _ in state), {0: batch})
    try:
        traced = torch.export.export(ScannedCell(cell), (x, state, torch.tensor([4, 1, 2])), dynamic_shapes=sizes)
    except RuntimeError as error:
        raise LawBroken(f"torch.export: {error}") from error
    program = traced.module()
    for rows, steps, lengths in ((5, 7, [7, 1, 3, 7, 2]), (1, 1, [1])):
        x, state = example(cell, batch=rows, time=steps, seed=2)
        told = torch.tensor(lengths)
        same(program(x, state, told), cell(x, state, told), f"exported against eager, {rows} rows of {steps} steps")
