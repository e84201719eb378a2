"""Whether this machine can train as it is asked to, found out before anything starts."""

from __future__ import annotations

import os

from rnnzoo.bench.errors import DeviceError
from rnnzoo.bench.launched import launched
from rnnzoo.registry import unknown

PRECISIONS = (
    "16", "16-mixed", "16-true", "32", "32-true", "64", "64-true", "bf16", "bf16-mixed", "bf16-true",
    "transformer-engine", "transformer-engine-float16",
)  # fmt: skip
"""The names of Lightning's precisions."""


def check_devices(
    devices: int | None, nodes: int | None, strategy: str, precision: str, *, accelerator: str = "auto"
) -> None:
    """Stop where a training over ``devices`` on each of ``nodes`` machines cannot work here.

    Args:
        devices, nodes, strategy, precision, accelerator: as Lightning's Trainer takes them; ``None``: all that it finds
            (for ``nodes``: one).

    Raises:
        UnknownName: there is no such precision.
        DeviceError: says what was asked for, what there is, and what to do.
    """
    if precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS)
    kind = _kind(accelerator)
    if strategy.startswith("fsdp") and kind != "gpu":
        raise DeviceError(
            f"strategy {strategy} shards a model over GPUs, and there is none here; use --strategy ddp, or a machine "
            "with GPUs."
        )
    if precision in ("16", "16-mixed") and kind == "cpu":
        raise DeviceError(
            f"precision {precision} scales float16 gradients on a GPU, and there is none here; use --precision "
            "bf16-mixed."
        )
    _check_numbers(devices or (_available(kind) if kind == "gpu" else 1), nodes or 1, kind)


def _check_numbers(devices: int, nodes: int, kind: str) -> None:
    there = launched()
    if there is not None:
        there.refuse_others(devices, nodes)
    elif nodes > 1:
        raise DeviceError(
            f"--nodes {nodes} needs a process on every machine, and this one was started alone; start the same command "
            f"on all of them by `torchrun --nnodes {nodes} --nproc-per-node {devices} ... -m rnnzoo.cli` or `srun`."
        )
    available = _available(kind)
    if devices > available and not (there is not None and kind == "cpu"):
        words = {"gpu": "GPUs", "mps": "GPU of Apple's", "cpu": "processor cores"}[kind]
        raise DeviceError(
            f"--devices {devices} were asked for, and this machine has {available} {words}; use --devices {available} "
            "or fewer (a table's numbers stay the same)."
        )


def _kind(accelerator: str) -> str:
    """What ``accelerator`` comes to here: "gpu" (CUDA), "mps" or "cpu"."""
    import torch

    if accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        return "gpu"
    if accelerator in ("auto", "gpu", "mps") and torch.backends.mps.is_available():
        return "mps"
    return "cpu"


def _available(kind: str) -> int:
    import torch

    return {"gpu": torch.cuda.device_count(), "mps": 1, "cpu": os.cpu_count() or 1}[kind]
