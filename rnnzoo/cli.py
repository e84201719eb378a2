"""The command line, ``rnnzoo fit|predict|export|bench|list|...``; each command lives in ``commands/``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import rnnzoo
from rnnzoo.commands import bench, check, export, generate, listing, plot, predict, show
from rnnzoo.commands.going_on import going_on
from rnnzoo.commands.imports import import_files
from rnnzoo.stopping import stop_status, terminable

TRAINING = {
    "fit": "train the model of a recipe, or of your own configuration",
    "validate": "measure a checkpoint on the validation split",
    "test": "measure a checkpoint on the test split",
}

EPILOG = """\
examples:
  rnnzoo bench run digit-sum --quick
  rnnzoo bench run imdb --layers lstm,gru --seeds 3
  rnnzoo fit --config imdb-bilstm --data text_csv --data.path reviews.csv
  rnnzoo predict imdb-bilstm "a wonderful film"
  rnnzoo generate RUN/model --prompt "KING:" --temperature 0.8
  rnnzoo export imdb-bilstm --format onnx
  rnnzoo plot digit-sum
  rnnzoo plot gates --model digit-sum-lstm --input 6700100000
  rnnzoo list layers 'min*'
  rnnzoo show mingru
  rnnzoo check my_cells.py

A mistake is answered in one line; RNNZOO_DEBUG=1 shows the traceback as well.
"""


def build_parser() -> argparse.ArgumentParser:
    """The parser of everything but ``fit``, ``validate`` and ``test``, whose options are Lightning's."""
    parser = argparse.ArgumentParser(
        prog="rnnzoo",
        description="The model zoo of recurrent networks on PyTorch Lightning.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"rnnzoo {rnnzoo.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, words in TRAINING.items():
        commands.add_parser(name, help=words, add_help=False)
    predict.add_parser(commands)
    generate.add_parser(commands)
    export.add_parser(commands)
    bench.add_parser(commands)
    plot.add_parser(commands)
    listing.add_parser(commands)
    show.add_parser(commands)
    check.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 is success, 2 a mistake of the user's, told in one line on the error stream."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with terminable():
            if arguments and arguments[0] in TRAINING:
                from rnnzoo.commands.training import run

                return run(arguments[0], arguments[1:])
            options = build_parser().parse_args(arguments)
            import_files(getattr(options, "imports", ()))
            return int(options.function(options))
    except (KeyboardInterrupt, SystemExit) as stop:
        status = stop_status(stop)
        if status is None:
            raise
        if os.environ.get("LOCAL_RANK", "0") == "0":
            print(f"interrupted; go on with: {going_on(arguments)}", file=sys.stderr)
        return status
    except Exception as error:
        if not is_users(error) or os.environ.get("RNNZOO_DEBUG"):
            raise
        print(f"rnnzoo: {error}", file=sys.stderr)
        return 2


def is_users(error: Exception) -> bool:
    """Whether ``error`` is the user's to mend (unknown name, missing or bad file, bad value), not a fault of ours."""
    from rnnzoo.registry import UnknownName

    if isinstance(error, (UnknownName, OSError)):
        return True
    module = type(error).__module__
    return module.startswith("rnnzoo.") or (isinstance(error, ValueError) and _raised_by_us(error))


def _raised_by_us(error: Exception) -> bool:
    """Whether the innermost frame is rnnzoo's own ``raise``, whose message is written for users."""
    trace = error.__traceback__
    name = ""
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__", "")
        trace = trace.tb_next
    return name.startswith("rnnzoo.")


if __name__ == "__main__":
    sys.exit(main())
