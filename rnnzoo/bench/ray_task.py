"""A run as a task on a node of a Ray cluster: it trains in the shared working folder and gives its rows back."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rnnzoo.bench.execution import ALONE

PATIENCE = 60.0
"""Seconds for which a task waits for one of the same run whose node is about to end."""


@dataclass(frozen=True)
class Task:
    """What a node is to know of a run."""

    run: str  # as JSON
    folder: str
    scale: dict[str, Any]
    wandb: str
    files: dict[str, dict[str, str]]  # as `shipping.packed`
    directory: str  # where the paths in the table start
    environment: dict[str, str]


def perform(task: Task) -> dict[str, Any]:
    """Make the run; ``kind``, ``text`` and ``note`` as those of the news, and its rows as ``rows``."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which Lightning turns off when it is interrupted
    os.environ.update({**task.environment, **ALONE})
    if Path(task.directory).is_dir():
        os.chdir(task.directory)
    from filelock import FileLock

    from rnnzoo.bench.attempt import attempt
    from rnnzoo.bench.errors import TableError
    from rnnzoo.bench.runs import Run
    from rnnzoo.bench.scale import Scale
    from rnnzoo.bench.shipping import import_packed

    folder = Path(task.folder)
    if not folder.is_dir():
        text = f"node {socket.gethostname()} does not see {folder}, which is to be on storage that all nodes share."
        return {"kind": "error", "text": text}
    import_packed(task.files)
    try:
        with FileLock(folder.with_name(f"{folder.name}.task.lock"), timeout=PATIENCE):
            settled = attempt(Run.from_json(task.run), folder, Scale(**task.scale), task.wandb)
    except (TableError, OSError) as error:
        note = "TableError" if isinstance(error, TableError) else "OSError"
        return {"kind": "error", "text": f"{error} (on node {socket.gethostname()})", "note": note}
    except (KeyboardInterrupt, SystemExit):  # Lightning answers an interrupt with the latter; the run has been saved
        return {"kind": "stopped"}
    return {"kind": settled.kind, "text": settled.why, "rows": [asdict(row) for row in settled.rows]}


def surroundings() -> Mapping[str, str]:
    """The variables of this process's environment that are rnnzoo's."""
    return {name: value for name, value in os.environ.items() if name.startswith("RNNZOO_")}
