"""A table on a real Ray cluster of two nodes, one of which is killed in mid-run: `python benchmarks/ray_cluster.py`.

Head and nodes are processes of this machine; a node ends by kill -9, with all that runs on it. What is to hold: every
run has its rows, once, and they say what those of the local executor say; the killed node's run went on from its last
checkpoint on the other node. Takes some minutes; ends with 1 where something does not hold. Needs `rnnzoo[ray]`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

from rnnzoo.bench.execution import Execution
from rnnzoo.bench.outcome import row_file, work_folder
from rnnzoo.bench.runner import make_runs
from rnnzoo.bench.runs import Run, expand
from rnnzoo.bench.table import load_table
from rnnzoo.callbacks import read_rows

# a checkpoint has the seconds of the training in it
CHANGING = ("seconds", "samples_per_second", "peak_memory_bytes", "finished_at", "checkpoint_sha256")
# so that the end of a node is noticed within seconds
WATCHFUL = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 4}
START = time.monotonic()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=800, help="of each run; a checkpoint is written every 20 s")
    parser.add_argument("--out", type=Path, help="folder for both results (a new one)")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"  # for both, so that they compute the same to the last bit
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    out = options.out or Path(tempfile.mkdtemp(prefix="rnnzoo-ray-"))
    table = out / "table.yaml"
    table.write_text(yaml.safe_dump(settings(options.epochs)), encoding="utf-8")
    runs = expand(load_table(str(table)))
    say(f"{len(runs)} runs, results in {out}")
    killed = list(on_a_cluster(table, runs, out / "ray"))
    say("the same table on the local executor, two jobs")
    make_runs(runs, out / "local", execution=Execution(jobs=2), wandb="off")
    faults = [*killed, *compare(runs, out / "ray", out / "local")]
    for fault in faults:
        say(f"does not hold: {fault}")
    say("all holds" if not faults else f"{len(faults)} faults")
    return int(bool(faults))


def settings(epochs: int) -> dict:
    """The table."""
    return {
        "name": "on-ray", "title": "Eight short runs", "task": "sequence_classification",
        "data": {"name": "digit_sum", "length": 10, "batch_size": 50},
        "model": {"embedding_size": 8, "hidden_size": 8, "dropout": 0.2},
        "trainer": {"max_epochs": epochs},
        "entries": [{"layer": layer, "seeds": 2} for layer in ("srn", "lstm", "gru", "mingru")],
    }  # fmt: skip


def on_a_cluster(table: Path, runs: list[Run], results: Path) -> Iterator[str]:
    """Make the runs on two nodes, and kill one once its run has a checkpoint; gives what was not as it should be."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "_system_config": WATCHFUL})
    cluster.add_node(num_cpus=1)
    killed = cluster.add_node(num_cpus=1)
    say(f"a head and two nodes at {cluster.address}")
    command = [sys.executable, "-m", "rnnzoo.cli", "bench", "run", str(table), "--executor", "ray"]
    command += ["--address", cluster.address, "--results", str(results), "--wandb", "off"]
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        lines: list[str] = []
        thread = threading.Thread(target=follow, args=(process, lines))
        thread.start()
        resumable = until_two_checkpoints(runs, results, process)
        say(f"kill -9 of a node; runs with a checkpoint: {', '.join(sorted(resumable))}")
        cluster.remove_node(killed, allow_graceful=False)
        thread.join()
        code = process.wait()
    finally:
        cluster.shutdown()
    if code:
        yield f"bench run ended with {code}"
    again = [line for line in lines if "it goes on from its last checkpoint" in line]
    if len(again) != 1:
        yield f"{len(again)} runs were taken up again; expected the one of the node that was killed"
    elif not any(again[0].startswith(title) for title in resumable):
        yield f"the run that was taken up again had no checkpoint: {again[0]}"


def until_two_checkpoints(runs: list[Run], results: Path, process: subprocess.Popen) -> set[str]:
    """Wait until the runs under way, one a node, both have one; gives their titles."""
    while process.poll() is None:
        found = {run.title for run in runs if (work_folder(results, run) / "last.ckpt").exists()}
        if len(found) >= 2:
            return found
        time.sleep(0.1)
    raise RuntimeError("the table was made before a node could be killed; give --epochs a larger number.")


def follow(process: subprocess.Popen, lines: list[str]) -> None:
    """Print what the command prints, and keep it."""
    assert process.stdout is not None  # it is a pipe
    for line in process.stdout:
        lines.append(line)
        say(f"  | {line.rstrip()}")


def compare(runs: list[Run], one: Path, other: Path) -> Iterator[str]:
    """What is not the same in two folders of results."""
    for results in (one, other):
        there = {path.name for path in (results / "on-ray").glob("*.jsonl")}
        wanted = {row_file(results, run).name for run in runs}
        if there != wanted:
            yield f"{results}: missing {wanted - there}, too many {there - wanted}"
    for run in runs:
        first, second = ([told(row) for row in read_rows(row_file(results, run))] for results in (one, other))
        if first != second:
            yield f"{run.title}: {first} on Ray, {second} locally"
    say(f"compared {len(runs)} runs of {one.name} and {other.name}")


def told(row: object) -> dict:
    """A row without what changes from one training to the next."""
    return {key: value for key, value in vars(row).items() if key not in CHANGING}


def say(text: str) -> None:
    print(f"{time.monotonic() - START:7.1f} s  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
