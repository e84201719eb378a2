"""``rnnzoo export``: a saved or shipped model as ONNX, as torch's archive, or as weights."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rnnzoo.commands.imports import add_import


def add_parser(commands: Any) -> None:
    """Add ``export``."""
    parser = commands.add_parser("export", help="a model as ONNX, pt2 or safetensors, for use elsewhere")
    parser.add_argument(
        "model", metavar="MODEL", help="a shipped model's name, a model folder, a .ckpt, or org/name on the hub"
    )
    parser.add_argument("--format", default="onnx", metavar="F", help="onnx (default), pt2 or safetensors")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where (default: NAME-FORMAT, in this folder)")
    add_import(parser)
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Write the model and say what is there."""
    from rnnzoo.exporting import export

    out = export(options.model, options.out or Path(f"{name_of(options.model)}-{options.format}"), options.format)
    for path in sorted(out.iterdir()):
        print(f"{path}\t{path.stat().st_size} bytes")
    return 0


def name_of(model: str) -> str:
    """A name for what is written of a model: its own, or its folder's; of ``RUN/model``, the run's."""
    path = Path(model).absolute()
    name = path.stem if path.suffix == ".ckpt" else path.name
    return path.parent.name if name == "model" else name
