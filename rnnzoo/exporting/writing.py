"""Write a layer or a trained task as files that other runtimes read; each is run and compared before it is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.exporting._errors import ExportError
from rnnzoo.exporting.forms import FORMS, require_onnx
from rnnzoo.exporting.interface import (
    INTERFACE,
    describe_file,
    initial,
    is_ours,
    layer_arguments,
    worst,
    write_interface,
)
from rnnzoo.exporting.programs import (
    BATCH,
    TIME,
    Program,
    example,
    flat,
    layer_program,
    nested,
    step_program,
    task_program,
)
from rnnzoo.pretrained import load_pretrained, save_pretrained
from rnnzoo.pretrained.config import describe
from rnnzoo.pretrained.loading import build
from rnnzoo.pretrained.tensors import write_tensors
from rnnzoo.pretrained.whole_directory import whole_directory
from rnnzoo.recurrent import Recurrent
from rnnzoo.recurrent.options import find_entry
from rnnzoo.registry import unknown
from rnnzoo.wrappers import innermost

FORMATS = (*FORMS, "safetensors")
TOLERANCE = 1e-4
"""How far an exported file's numbers may be from the model's, relative to the largest of a tensor, or to 1."""
TRIED = {BATCH: 4, TIME: 9}
"""The sizes at which a file is tried; it was traced at others."""


def export(model: Any, directory: str | Path, format: str = "onnx", *, streaming: bool = False) -> Path:
    """Write ``model`` into ``directory`` for use without rnnzoo, and compare what was written with the model.

    Args:
        model: a layer (``rnnzoo.LEM(...)``); a task; or what ``rnnzoo.load_pretrained`` takes: the name of a shipped
            model, a model directory, a ``.ckpt``.
        directory: where; it is made, with its parents. An earlier export there is replaced.
        format: "onnx": ``model.onnx``; "pt2": ``model.pt2``, for ``torch.export.load``; "safetensors": the weights and
            the configuration, for rnnzoo. The first two take any batch and time; ``interface.json`` beside them tells
            each input and output, the initial state, and of a task its labels and codec.
        streaming: of a layer, also one step: ``step.onnx`` or ``step.pt2``.

    Returns:
        The directory.

    Raises:
        ExportError: the model cannot be exported so, the format's packages are missing, the directory holds something
            else or cannot be written, or the file's numbers are not the model's.
        UnknownName: no such format or shipped model.
        PretrainedError: the model cannot be read, or described.
    """
    if format not in FORMATS:
        raise unknown("format", format, FORMATS)
    if isinstance(model, (str, Path)):
        model = load_pretrained(model)
    _check(model, format, streaming)
    target = Path(directory)
    is_layer = isinstance(model, Recurrent)
    if format == "safetensors" and not is_layer:
        return _written(target, lambda: save_pretrained(model, target))
    if format == "onnx":
        require_onnx()
    _refuse_foreign(target)

    def write() -> Path:
        with whole_directory(target) as aside:
            if format == "safetensors":
                _write_weights(model, aside)
            else:
                (_write_layer if is_layer else _write_task)(model, aside, format, streaming)
        return target

    return _written(target, write)


def _write_weights(layer: Recurrent, aside: Path) -> None:
    weights = write_tensors(layer.state_dict(), aside / "model.safetensors")
    write_interface(aside / INTERFACE, {**_of_layer(layer), "weights": {"file": "model.safetensors", **weights}})


def _write_layer(layer: Recurrent, aside: Path, format: str, streaming: bool) -> None:
    made = [layer_program(layer)]
    if streaming:
        made.append(step_program(layer))
    files = {}
    for program in made:
        path = aside / f"{program.name}.{format}"
        write, run = FORMS[format]
        write(program, path)
        values = _reached(layer, example(program.inputs, TRIED, ids=2))
        _compare(path, run(path, values), _layer_says(layer, program, values))
        files[program.name] = describe_file(program, path)
    write_interface(aside / INTERFACE, {**_of_layer(layer), "programs": files, "initial_state": initial(layer)})


def _write_task(task: Any, aside: Path, format: str, streaming: bool) -> None:
    config = describe(task)
    task = build(config, task.state_dict(), "the model")  # a copy without its trainer, in eval mode, on the CPU
    program = task_program(task)
    path = aside / f"{program.name}.{format}"
    write, run = FORMS[format]
    write(program, path)
    values = example(program.inputs, TRIED, ids=int(task.spec["input_size"]))
    with torch.no_grad():
        expected = task(*values)
    _compare(path, run(path, values), flat(expected))
    said = {"task": config.task, "arguments": config.arguments, "spec": config.spec, "codec": config.codec}
    labels = {"labels": task.labels} if hasattr(task, "labels") else {}
    files = {program.name: describe_file(program, path)}
    write_interface(aside / INTERFACE, {"programs": files, **labels, **said})


def _of_layer(layer: Recurrent) -> dict[str, Any]:
    return {"layer": layer.layer, "arguments": layer_arguments(layer)}


def _reached(layer: Recurrent, values: list[Tensor]) -> list[Tensor]:
    """The same with a state that the layer can be in: the one it comes to over another input."""
    states = flat(_evaluated(layer, lambda: layer(_before(layer, values[0].dtype))[1]))
    return [*values[: len(values) - len(states)], *(member.clone() for member in states)]


def _before(layer: Recurrent, dtype: torch.dtype) -> Tensor:
    B, T = TRIED[BATCH], 2
    shape = (B, T) if layer.batch_first else (T, B)
    return torch.randn(*shape, layer.input_size, generator=torch.Generator().manual_seed(1), dtype=dtype)


def _layer_says(layer: Recurrent, program: Program, values: list[Tensor]) -> list[Tensor]:
    if program.name == "step":
        return flat(_evaluated(layer, lambda: layer.step(values[0], nested(layer, values[1:]))))
    return flat(_evaluated(layer, lambda: layer(values[0], nested(layer, values[2:]), values[1])))


def _evaluated(layer: Recurrent, call: Callable[[], Any]) -> Any:
    """What ``call`` gives while the layer is in eval mode."""
    was_training = layer.training
    layer.eval()
    try:
        with torch.no_grad():
            return call()
    finally:
        layer.train(was_training)


def _compare(path: Path, given: list[Tensor], expected: list[Tensor]) -> None:
    apart = worst(given, expected)
    if not apart <= TOLERANCE:
        raise ExportError(
            f"{path.name} was written and then run, and its numbers are {apart:.2g} away from the model's, more than "
            f"{TOLERANCE:g}; it was not kept. Please report it with the layer's name; torch is {torch.__version__}."
        )


def _check(model: Any, format: str, streaming: bool) -> None:
    """Refuse what is no layer or task, holds a layer that does not declare export, or cannot stream.

    Raises:
        ExportError: it names what was given, and the capability.
    """
    if not isinstance(model, nn.Module):
        raise ExportError(f"model is a {type(model).__name__}; expected a layer, a task, or a model's name or path.")
    if streaming and not isinstance(model, Recurrent):
        raise ExportError(
            f"streaming=True was given with a {type(model).__name__}; it is for layers, rnnzoo.LSTM(...)."
        )
    if streaming and format == "safetensors":
        raise ExportError(
            "streaming=True was given with format 'safetensors', which holds weights; use 'onnx' or 'pt2'."
        )
    if not isinstance(model, Recurrent) and hasattr(model, "state_shapes") and hasattr(model, "step"):
        raise ExportError(
            f"model is a bare cell, {type(model).__name__}; export the layer around it, rnnzoo.Recurrent."
        )
    if format == "safetensors":
        return
    if not hasattr(torch.ops.higher_order, "scan"):
        raise ExportError(f"torch {torch.__version__} has no scan operator, which exported loops are; upgrade torch.")
    for stack in model.modules():
        entries = [find_entry(type(innermost(cell))) for cell in stack.cells] if isinstance(stack, Recurrent) else []
        for name in [entry.name for entry in entries if not entry.exportable]:
            raise ExportError(
                f"layer '{name}' does not declare the capability 'exportable'; use format='safetensors', or, if "
                f"it is yours, register it with exportable=True once `rnnzoo check {name}` finds that it holds."
            )


def _refuse_foreign(target: Path) -> None:
    """Refuse to replace what is no earlier export."""
    if not target.exists():
        return
    if not target.is_dir():
        raise ExportError(f"{target} is a file; expected a directory (new, empty, or an earlier export's).")
    present = sorted(path.name for path in target.iterdir())
    known = ("model.", "step.", INTERFACE)
    foreign = [name for name in present if not name.startswith(known)]
    if foreign or (present and not is_ours(target / INTERFACE)):
        raise ExportError(
            f"{target} holds {', '.join((foreign or present)[:3])} and would be replaced as a whole; give a new or "
            "empty directory, or that of an earlier export."
        )


def _written(target: Path, write: Callable[[], Path]) -> Path:
    try:
        return write()
    except OSError as error:
        raise ExportError(
            f"{target} cannot be written ({error}); give a directory that can, with room in it."
        ) from error
