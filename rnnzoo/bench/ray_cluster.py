"""Getting to a Ray cluster, and seeing before anything starts that every node of it can do the work."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import rnnzoo
from rnnzoo.bench.errors import TableError, WorkerError

FIRST_ANSWER = 5.0
"""Seconds that the cluster's port has to answer in."""
CONNECTING = 30.0
"""Seconds that a process that does nothing else has to connect in: Ray itself would try for more than a minute."""
PROBING = 60.0
"""Seconds that every node has to find the folder of the results in."""
QUIET: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False}
LOCAL: dict[str, Any] = {"address": "local", "include_dashboard": False}


def connect(address: str | None) -> Any:
    """Ray, connected to the cluster at ``address``; None: to one of this machine that is started for it.

    Raises:
        WorkerError: Ray is not installed, or there is no cluster at the address.
    """
    if importlib.util.find_spec("ray") is None:
        raise WorkerError("--executor ray needs Ray, which is not installed: pip install 'rnnzoo[ray]'")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # what Ray would else warn of in every worker
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".*")  # what its daemons print; that a node died, we tell
    os.environ.setdefault("RAY_SCHEDULER_EVENTS", "0")
    if address is not None:
        _see(address)
    import ray

    if not ray.is_initialized():
        given = LOCAL if address is None else {"address": address}
        try:
            ray.init(**given, **QUIET)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise WorkerError(_nobody(address, str(error))) from error
    return ray


def _see(address: str) -> None:
    """Refuse an address where no cluster answers."""
    if address != "auto":
        host, colon, port = address.rpartition(":")
        if not colon or not port.isdigit():
            raise WorkerError(f"--address {address}: expected auto, or HOST:PORT such as 10.0.0.1:6379.")
        try:
            socket.create_connection((host, int(port)), timeout=FIRST_ANSWER).close()
        except OSError as error:
            raise WorkerError(_nobody(address, str(error))) from error
    program = f"import ray; ray.init(address={address!r}, logging_level='ERROR', log_to_driver=False)"
    try:
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=CONNECTING)
    except subprocess.TimeoutExpired as error:
        raise WorkerError(_nobody(address, f"no answer in {CONNECTING:.0f} s")) from error
    if done.returncode:
        last = (done.stderr.strip() or "Ray said nothing").splitlines()[-1]
        raise WorkerError(_nobody(address, last))


def _nobody(address: str | None, why: str) -> str:
    where = f"--address {address}: no Ray cluster is there" if address else "Ray does not start on this machine"
    how = "; `ray start --head` starts one" if address else ""
    return f"{where} ({why}){how}."


def nodes(ray: Any) -> list[dict[str, Any]]:
    """The nodes that can work: alive, with a CPU."""
    return [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) > 0]


def check_nodes(ray: Any, results: Path) -> None:
    """Have every node read a file under ``results``.

    Raises:
        WorkerError: one does not see it, has no rnnzoo or another version, or does not answer; names the node.
    """
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    folder, text = results / ".runs", uuid.uuid4().hex
    created = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f".probe-{text}"
    file.write_text(text, encoding="utf-8")
    try:
        asked = {}
        for node in nodes(ray):
            here = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            name = f"node {node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
            asked[name] = (
                ray.remote(_look).options(num_cpus=0, scheduling_strategy=here, max_retries=0).remote(str(file))
            )
        for name, answer in asked.items():
            try:
                found, version = ray.get(answer, timeout=PROBING)
            except Exception as error:  # whatever it is, the node is of no use
                raise WorkerError(f"{name} cannot make runs: {_first(error)}; is rnnzoo installed there?") from error
            if found != text:
                raise WorkerError(
                    f"{name} does not see {folder}; results and working folders are to be on storage that all nodes "
                    "share, at the same path: choose another folder with --results."
                )
            if version != rnnzoo.__version__:
                raise WorkerError(f"{name} has rnnzoo {version}, and this process {rnnzoo.__version__}; expected one.")
    except BaseException:
        file.unlink()
        for path in created:  # innermost first
            path.rmdir()
        raise
    file.unlink()


def _look(path: str) -> tuple[str, str]:
    """On a node: what stands in a file (nothing, if it is not there), and the version of rnnzoo."""
    file = Path(path)
    return file.read_text(encoding="utf-8") if file.is_file() else "", rnnzoo.__version__


def _first(error: Exception) -> str:
    """The last line of an error, which says more than Ray's first one."""
    return (str(error).strip() or type(error).__name__).splitlines()[-1]


def resources(ray: Any, jobs: int | None, devices: int) -> dict[str, float]:
    """What a run asks for: its share of the smallest node's cores (one where ``jobs`` is None), and its GPUs.

    Raises:
        TableError: no node has as much.
    """
    there = [node["Resources"] for node in nodes(ray)]
    if not there:
        raise WorkerError("the Ray cluster has no node with a CPU; expected at least one.")
    cpus = 1 if jobs is None else max(1, int(min(found["CPU"] for found in there)) // jobs)
    wanted = {"CPU": float(cpus if any("GPU" in found for found in there) else cpus * devices)}
    if any("GPU" in found for found in there):
        wanted["GPU"] = float(devices)
    if not any(all(found.get(key, 0) >= value for key, value in wanted.items()) for found in there):
        has = "; ".join(", ".join(f"{found.get(key, 0):.0f} {key}" for key in wanted) for found in there)
        asked = ", ".join(f"{value:.0f} {key}" for key, value in wanted.items())
        raise TableError(
            f"--devices {devices}: a run asks for {asked} of one node, and the cluster's nodes have {has}."
        )
    return wanted
