"""One run of a table in several processes: ``python -m rnnzoo.bench.worker RUN.json ROWS.jsonl SCALE WANDB [watched]``.

Lightning starts this command once more for every further device; only the first process writes the rows. Where they are
``watched``, the end of their input stops them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

WATCHED = "watched"


def main(arguments: list[str]) -> None:
    """Train the run in the JSON file and write its rows; its traces stay in its working folder."""
    from lightning.pytorch.utilities.rank_zero import rank_zero_only

    from rnnzoo.bench.lifeline import watch_input
    from rnnzoo.bench.runs import Run
    from rnnzoo.bench.scale import Scale
    from rnnzoo.bench.training import train
    from rnnzoo.callbacks import write_rows
    from rnnzoo.registry.files import import_file

    if arguments[4:] == [WATCHED]:
        watch_input()
    path, rows, wandb = Path(arguments[0]), Path(arguments[1]), arguments[3]
    scale = Scale(**json.loads(arguments[2]))
    run = Run.from_json(path.read_text(encoding="utf-8"))
    for file in run.imports:
        import_file(file)
    measured = train(run, path.parent, scale=scale, wandb=wandb)
    if rank_zero_only.rank == 0:  # type: ignore[attr-defined]
        write_rows(rows, measured)


if __name__ == "__main__":
    main(sys.argv[1:])
