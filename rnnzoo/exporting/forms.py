"""The two files that a traced program can become, and how each is run: ONNX, and torch's own archive."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rnnzoo.exporting._errors import ExportError, reason
from rnnzoo.exporting.programs import Program

ONNX_PACKAGES = ("onnx", "onnxscript", "onnxruntime")


def require_onnx() -> None:
    """Refuse where a package of the extra is missing.

    Raises:
        ExportError: it names them and the command that installs them.
    """
    missing = [name for name in ONNX_PACKAGES if find_spec(name) is None]
    if missing:
        raise ExportError(f"format 'onnx' needs {', '.join(missing)}: pip install 'rnnzoo[onnx]', or use 'pt2'.")


def write_onnx(program: Program, path: Path) -> None:
    """Write the program as ONNX, with the names of its ports and of their dimensions.

    Raises:
        ExportError: torch cannot; most often there is an operator that ONNX does not have.
    """
    names = [[port.name for port in ports] for ports in (program.inputs, program.outputs)]
    with _quiet(), torch.no_grad():
        try:
            made: Any = torch.onnx.export(
                program.traced,
                input_names=names[0],
                output_names=names[1],
                dynamic_shapes=_by_argument(program),
                dynamo=True,
                verbose=False,
            )
        except RuntimeError as error:
            raise ExportError(
                f"torch {torch.__version__} could not write {path.name}: {reason(error)}. Use operators that ONNX has, "
                "or format='pt2'."
            ) from error
        for node in made.model.graph.all_nodes():
            node.metadata_props.clear()  # where the code of each operation stands on this machine
        made.save(str(path))


def run_onnx(path: Path, values: Sequence[Tensor]) -> list[Tensor]:
    """The outputs of an ONNX file for values of its inputs, in order, by onnxruntime on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [port.name for port in session.get_inputs()]
    fed = {name: value.numpy() for name, value in zip(names, values, strict=True)}
    return [torch.from_numpy(given) for given in session.run(None, fed)]


def write_pt2(program: Program, path: Path) -> None:
    """Write the program as torch's archive, for ``torch.export.load``."""
    with _quiet():
        torch.export.save(program.traced, str(path))


def run_pt2(path: Path, values: Sequence[Tensor]) -> list[Tensor]:
    """The outputs of such an archive for values of its inputs, in order."""
    with _quiet(), torch.no_grad():
        given = torch.export.load(str(path)).module()(*values)
    return list(given) if isinstance(given, (tuple, list)) else [given]


Form = tuple[Callable[[Program, Path], None], Callable[[Path, Sequence[Tensor]], list[Tensor]]]
FORMS: dict[str, Form] = {"onnx": (write_onnx, run_onnx), "pt2": (write_pt2, run_pt2)}
"""How each is written, and how it is run."""


def _by_argument(program: Program) -> tuple[Any, ...]:
    """The names of the dimensions in the form of the arguments: the states are one argument, ``*states``."""
    named = [port for port in program.inputs if not port.name.startswith("state_")]
    dynamic = program.dynamic
    states = tuple(dynamic[len(named) :])
    return (*dynamic[: len(named)], states) if states else tuple(dynamic)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without torch's notes to its own developers; its errors are raised all the same."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
