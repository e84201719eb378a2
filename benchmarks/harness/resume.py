"""How much later the first new step of a resumed run comes than the first step of a fresh one."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

from _finding import Finding, middle
from _work import TIMED, table, timed

MOST = 5.0
GIVE_UP = 600.0


def resume(options: argparse.Namespace, folder: Path) -> list[Finding]:
    """A run is killed once it has a checkpoint; then fresh and resumed ones take turns, to the first step and on."""
    path = table(
        folder,
        model={"embedding_size": 32, "hidden_size": 64},
        trainer={"max_epochs": -1, "max_time": {"seconds": 40}},
        entries=[{"layer": "lstm"}],
    )
    killed = folder / "killed"
    given = ["harness", str(path), str(killed), "1", "off", str(time.time())]
    process = subprocess.Popen(
        [sys.executable, str(TIMED), *given], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    limit = time.monotonic() + GIVE_UP
    while not list(killed.glob(".runs/harness/*/last.ckpt")):
        if process.poll() is not None or time.monotonic() > limit:
            process.kill()
            raise RuntimeError("the run ended, or took too long, before it had a checkpoint to go on from")
        time.sleep(0.1)
    process.kill()
    process.wait()
    beyond = []
    for number in range(options.rounds):
        shutil.copytree(killed, folder / f"{number}-resumed")
        ((resumed,), (fresh,)) = (
            timed("harness", path, folder / f"{number}-{name}", runs=1) for name in ("resumed", "fresh")
        )
        beyond.append(resumed["before"] - fresh["before"])
    settings = {"wandb": "off"}
    return [middle("first new step of a resumed run, beyond a fresh one's", beyond, "s", settings, at_most=MOST)]
