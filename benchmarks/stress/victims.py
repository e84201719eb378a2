"""Trainings that are killed: at any moment, while they write checkpoints or rows, in one process and in several."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from windows import Teller, widen_writes

from rnnzoo import cli
from rnnzoo.bench import training
from rnnzoo.bench.runs import expand
from rnnzoo.bench.scale import Scale
from rnnzoo.bench.table import load_table
from rnnzoo.callbacks import ResumePoint, check_checkpoint, read_rows
from rnnzoo.commands import lightning_cli

TABLE = """
name: stress
title: Small trainings that are killed
task: sequence_classification
data: {name: digit_sum, length: 5, batch_size: 25}
model: {embedding_size: 8, hidden_size: 8, dropout: 0.3, schedule: cosine}
trainer: {max_epochs: 6, val_check_interval: 5}
traces: {gradient_norms: {}}
entries: [{label: srn, layer: srn, seeds: 1}, {label: gru, layer: gru, seeds: 1}]
"""
FIT = (
    "fit --config digit-sum-lstm --data.length 5 --data.batch_size 25 --trainer.max_epochs 5 "
    "--trainer.check_val_every_n_epoch 1 --wandb off"
)
DIFFERENT = ("seconds", "samples_per_second", "peak_memory_bytes", "finished_at", "checkpoint_sha256")
"""Fields of a row that two runs never share; a checkpoint has the seconds in it."""
EVERY = 0.05  # seconds from one resume point to the next


class Victim:
    """Work that can be killed, and gone on with by doing it again.

    Attributes:
        window: seconds from the word of an attempt within which it is killed; 0: for as long as it lasts.
    """

    window = 0.0

    def __init__(self, processes: int) -> None:
        self.processes = processes
        torch.set_num_threads(1)

    def __enter__(self) -> Victim:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def prepare(self, pipe: int, widened: bool) -> None:
        """In the process that may be killed: have it say when its moment comes, and make that longer."""
        Teller(pipe)()

    def work(self, folder: Path) -> None:
        """Do it, or go on with it."""
        raise NotImplementedError(f"{type(self).__name__} does no work.")

    def result(self, folder: Path) -> Any:
        """What came of it; equal for equal work."""
        raise NotImplementedError(f"{type(self).__name__} has no result.")

    def left(self, folder: Path) -> Iterator[str]:
        """What lies there after a kill, in words."""
        names = [path.name for path in folder.rglob("*") if path.is_file()]
        if any(name.endswith(".part") for name in names):
            yield "half a file"
        if "last.ckpt" in names:
            yield "a resume point"

    def broken(self, folder: Path) -> list[str]:
        """Files under their proper names that are not whole."""
        wrong = []
        for path in folder.rglob("*.ckpt"):
            try:
                check_checkpoint(path)
                torch.load(path, weights_only=True)
            except Exception as error:
                wrong.append(f"{path}: {error}")
        return wrong


class Training(Victim):
    """``rnnzoo bench run``, at any moment from its first step on."""

    def prepare(self, pipe: int, widened: bool) -> None:
        """Save often."""
        tell = Teller(pipe)
        for module in (training, lightning_cli):
            module.ResumePoint = partial(Telling, tell)  # type: ignore[attr-defined]

    def work(self, folder: Path) -> None:
        """Make the runs that are not there."""
        table = folder / "stress.yaml"
        table.write_text(TABLE, encoding="utf-8")
        sys.exit(cli.main(["bench", "run", str(table), "--wandb", "off", "--results", str(folder / "results")]))

    def result(self, folder: Path) -> Any:
        """Every row, and every trace."""
        rows = [asdict(row) for row in read_rows(folder / "results" / "stress")]
        traces = {path.name: path.read_text() for path in (folder / "results" / "stress").rglob("*.csv")}
        return [{key: value for key, value in row.items() if key not in DIFFERENT} for row in rows], traces

    def left(self, folder: Path) -> Iterator[str]:
        """Rows, too."""
        yield from super().left(folder)
        if any((folder / "results").glob("stress/*.jsonl")):
            yield "a row file"

    def broken(self, folder: Path) -> list[str]:
        """Rows that are not whole, doubled or missing, too."""
        wrong = super().broken(folder)
        for path in (folder / "results").glob("stress/*.jsonl"):
            rows = read_rows(path)
            names = {(row.split, row.metric) for row in rows}
            if len(names) != len(rows) or not {("test", "accuracy"), ("train", "loss")} <= names:
                wrong.append(f"{path} has the rows {names} in {len(rows)} lines")
        return wrong


class Telling(ResumePoint):
    """Says when the training starts and when it is through, and saves often."""

    def __init__(self, tell: Teller, path: Path) -> None:
        super().__init__(path, every_seconds=EVERY)
        self._tell = tell

    def on_train_start(self, *arguments: Any) -> None:
        """Say so."""
        super().on_train_start(*arguments)
        self._tell()

    def on_train_end(self, *arguments: Any) -> None:
        """Say so."""
        super().on_train_end(*arguments)
        self._tell.passed()


class Writing(Training):
    """The same, while a file of ``ending`` is written or renamed."""

    window = 0.15

    def __init__(self, processes: int, ending: str) -> None:
        super().__init__(processes)
        self.ending = ending

    def prepare(self, pipe: int, widened: bool) -> None:
        """Write slowly."""
        super().prepare(os.open(os.devnull, os.O_WRONLY), widened)
        if widened:
            widen_writes(Teller(pipe), self.ending)


class Fit(Training):
    """``rnnzoo fit``, gone on with from its resume point where there is one."""

    def work(self, folder: Path) -> None:
        """Go on, or begin."""
        command, run = FIT.split(), folder / "run"
        if (run / "last.ckpt").is_file():
            command += ["--ckpt_path", str(run / "last.ckpt")]
        sys.exit(cli.main([*command, "--run-dir", str(run)]))

    def result(self, folder: Path) -> Any:
        """The model."""
        return (folder / "run" / "model" / "model.safetensors").read_bytes()


class Processes(Training):
    """One training in several processes, in a group of their own."""

    def prepare(self, pipe: int, widened: bool) -> None:
        """They tell by themselves."""
        self._pipe = pipe

    def work(self, folder: Path) -> None:
        """Start them: they import everything again."""
        (folder / "stress.yaml").write_text(TABLE, encoding="utf-8")
        run = expand(load_table(str(folder / "stress.yaml")), layers=["gru"])[0]
        (folder / "run.json").write_text(run.to_json(), encoding="utf-8")
        rows = folder / "results" / "stress" / "gru.jsonl"
        if rows.is_file():
            return
        os.set_inheritable(self._pipe, True)
        given = [str(folder / "run.json"), str(rows), json.dumps(Scale(devices=self.processes).to_dict()), "off"]
        command = [sys.executable, str(Path(__file__).with_name("worker.py")), *given]
        environment = {**os.environ, "STRESS_PIPE": str(self._pipe), "OMP_NUM_THREADS": "1"}
        sys.exit(subprocess.run(command, pass_fds=[self._pipe], env=environment).returncode)
