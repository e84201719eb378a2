"""What is exported: a layer over whole sequences, one step of it, or a task; traced once, for every batch and time.

Every value that goes in or comes out is a `Port`: its name, its dtype and its shape, in which "batch" and "time" stand
for what a caller may choose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from rnnzoo.exporting._errors import ExportError, reason
from rnnzoo.recurrent import Recurrent
from rnnzoo.recurrent.scanned import scanned

BATCH, TIME = "batch", "time"
TRACED = {BATCH: 3, TIME: 5}
"""The sizes that a model is shown while it is traced."""


@dataclass(frozen=True)
class Port:
    """One input or output of a program."""

    name: str
    dtype: str  # "float32", "int64", ...
    shape: tuple[int | str, ...]
    meaning: str


@dataclass(frozen=True)
class Program:
    """A traced function: positional ``inputs`` to ``outputs``; its file is called ``name``."""

    name: str
    traced: ExportedProgram
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    @property
    def dynamic(self) -> list[dict[int, str]]:
        """The dimensions of each input that have a name."""
        return [{i: size for i, size in enumerate(port.shape) if isinstance(size, str)} for port in self.inputs]


class LayerCall(nn.Module):
    """``layer(x, hx, lengths)`` of flat tensors: x, lengths, states to y, states."""

    def __init__(self, layer: Recurrent) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, lengths: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """The layer's call."""
        y, final = self.layer(x, nested(self.layer, states), lengths)
        return (y, *flat(final))


class StepCall(nn.Module):
    """``layer.step(x, hx)`` of flat tensors: x, states to y, states."""

    def __init__(self, layer: Recurrent) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """The layer's step."""
        y, after = self.layer.step(x, nested(self.layer, states))
        return (y, *flat(after))


class TaskCall(nn.Module):
    """``task(inputs, lengths)``, as a plain module."""

    def __init__(self, task: nn.Module) -> None:
        super().__init__()
        self.task = task

    def forward(self, inputs: Tensor, lengths: Tensor) -> Any:
        """The task's call."""
        return self.task(inputs, lengths)


def flat(hx: Any) -> list[Tensor]:
    """The tensors of a state as `Recurrent` gives it, in order."""
    return [hx] if isinstance(hx, Tensor) else [tensor for member in hx for tensor in flat(member)]


def nested(layer: Recurrent, states: Sequence[Tensor]) -> Any:
    """A state as `layer` takes it, of its tensors in order."""
    layout = layer._layout
    if layout.uniform:
        return tuple(states) if len(layout.shapes[0]) > 1 else states[0]
    left = iter(states)
    return tuple(tuple(next(left) for _ in members) for members in layout.shapes)


def initial_states(layer: Recurrent, batch: int) -> list[Tensor]:
    """The state before the first step, as the cells have it, in the layer's shapes."""
    cells: list[Any] = list(layer.cells)
    return [member.clone() for member in flat(layer._layout.join([cell.initial_state(batch) for cell in cells]))]


def state_ports(layer: Recurrent, prefix: str, meaning: str) -> list[Port]:
    """One port for each tensor of the state."""
    layout, cells = layer._layout, len(layer.cells)
    dtypes = [_dtype(member) for member in initial_states(layer, 1)]
    if layout.uniform:
        shapes: list[tuple[int | str, ...]] = [(cells, BATCH, *shape) for shape in layout.shapes[0]]
        names = [f"{prefix}_{i}" for i in range(len(shapes))]
    else:
        shapes = [(BATCH, *shape) for members in layout.shapes for shape in members]
        names = [f"{prefix}_{cell}_{i}" for cell, members in enumerate(layout.shapes) for i in range(len(members))]
    return [Port(*port, meaning) for port in zip(names, dtypes, shapes, strict=True)]


def layer_program(layer: Recurrent) -> Program:
    """Whole sequences, or pieces of them: x, lengths and states in, y and states out."""
    order: tuple[str, str] = (BATCH, TIME) if layer.batch_first else (TIME, BATCH)
    inputs = [
        Port("x", _dtype(_weight(layer)), (*order, layer.input_size), "the input; padding may hold anything"),
        Port("lengths", "int64", (BATCH,), "each row's number of steps, 1 to time"),
        *state_ports(layer, "state", "before the first step"),
    ]
    outputs = [
        Port("y", _dtype(_weight(layer)), (*order, layer.output_size), "the output, zero beyond a row's length"),
        *state_ports(layer, "final_state", "at each row's own length; the state to go on with"),
    ]
    return _trace("model", LayerCall(scanned(layer)), inputs, outputs)


def step_program(layer: Recurrent) -> Program:
    """One step of a stream: x and states in, y and states out."""
    if layer.bidirectional:
        raise ExportError(
            f"streaming=True was given with a bidirectional {layer.layer}, which needs the whole sequence; export it "
            "without streaming, or build the layer with bidirectional=False."
        )
    inputs = [
        Port("x", _dtype(_weight(layer)), (BATCH, layer.input_size), "the input of one step"),
        *state_ports(layer, "state", "before the step"),
    ]
    outputs = [
        Port("y", _dtype(_weight(layer)), (BATCH, layer.output_size), "the output of the step"),
        *state_ports(layer, "final_state", "after the step; the state to go on with"),
    ]
    return _trace("step", StepCall(scanned(layer)), inputs, outputs)


def task_program(task: Any) -> Program:
    """A task: inputs and lengths in, what its forward gives out."""
    size = int(task.spec["input_size"])
    if task.spec["input"] == "tokens":
        inputs = Port("inputs", "int64", (BATCH, TIME), f"token ids, 0 to {size - 1}")
    else:
        inputs = Port("inputs", _dtype(_weight(task)), (BATCH, TIME, size), "channels")
    lengths = Port("lengths", "int64", (BATCH,), "each row's number of steps, 1 to time")
    return _trace("model", TaskCall(scanned(task)), [inputs, lengths], None)


def example(program_inputs: Sequence[Port], sizes: dict[str, int], *, ids: int, seed: int = 0) -> list[Tensor]:
    """Random values of these ports; ``lengths`` has the whole time, one step and what is between."""
    generator = torch.Generator().manual_seed(seed)
    values = []
    for port in program_inputs:
        shape = [sizes[size] if isinstance(size, str) else size for size in port.shape]
        if port.name == "lengths":
            steps = torch.randint(1, sizes[TIME] + 1, shape, generator=generator)
            steps[0], steps[-1] = sizes[TIME], 1 if len(steps) > 1 else sizes[TIME]
            values.append(steps)
        elif port.dtype == "int64":
            values.append(torch.randint(0, ids, shape, generator=generator))
        else:
            values.append(torch.randn(shape, generator=generator, dtype=getattr(torch, port.dtype)))
    return values


def _trace(name: str, call: nn.Module, inputs: Sequence[Port], outputs: Sequence[Port] | None) -> Program:
    sizes = {size: Dim(size) for size in TRACED}
    shapes = [{i: sizes[size] for i, size in enumerate(port.shape) if isinstance(size, str)} for port in inputs]
    named = 2 if len(inputs) > 1 and inputs[1].name == "lengths" else 1  # the states are the rest, ``*states``
    dynamic: list[Any] = shapes[:named]
    if not isinstance(call, TaskCall):
        dynamic.append(tuple(shapes[named:]))
    values = example(inputs, TRACED, ids=2)
    try:
        with torch.no_grad():
            traced = torch.export.export(call.eval(), tuple(values), dynamic_shapes=tuple(dynamic), strict=False)
    except RuntimeError as error:
        raise ExportError(
            f"torch {torch.__version__} could not trace the {name}: {reason(error)}; what depends on the values of "
            "tensors cannot be exported."
        ) from error
    found = _outputs(traced, inputs) if outputs is None else tuple(outputs)
    return Program(name, traced, tuple(inputs), found)


def _outputs(traced: ExportedProgram, inputs: Sequence[Port]) -> tuple[Port, ...]:
    """The ports of what a task gives: its shapes are those that tracing found."""
    values = {node.name: node.meta.get("val") for node in traced.graph.nodes}
    given = [values[name] for name in traced.graph_signature.user_inputs if isinstance(name, str)]
    letters = {
        str(size): name
        for port, value in zip(inputs, given, strict=True)
        for size, name in zip(value.shape, port.shape, strict=True)
        if isinstance(name, str)
    }
    found = [values[name] for name in traced.graph_signature.user_outputs if isinstance(name, str)]
    names = ["logits"] if len(found) == 1 else [f"output_{i}" for i in range(len(found))]
    return tuple(
        Port(name, _dtype(value), tuple(letters.get(str(size), size) for size in value.shape), "of each row")
        for name, value in zip(names, found, strict=True)
    )


def _weight(module: nn.Module) -> Tensor:
    return next((p for p in module.parameters() if p.is_floating_point()), torch.zeros(()))


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
