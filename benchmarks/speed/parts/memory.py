"""Peak memory of a training step: ours against torchrecurrent's and minGRU-pytorch's.

What is measured is the growth of the process's resident memory, which knows of every allocation, those of C code, too:
its peak (VmHWM) during the step less what was resident before it (VmRSS), less the pages of program code that were read
meanwhile (RssFile). Each step has a fresh process, so that no memory of an earlier step is used again, and a small step
of the same layer before it, for all that is made once. Arrays above 64 KiB come from the kernel and go back to it
(MALLOC_MMAP_THRESHOLD_), so that the peak is what is in use and not what the allocator holds back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from _fresh import helper
from _layers import fitting, inputs, memory_needed, memory_there, mingru_pytorch, of_torchrecurrent, ours, theirs
from _measurement import Comparison, Measurement, Plan
from _rows import installed
from _shapes import Shape, sizes
from _work import output
from torch import nn

from rnnzoo.registry import LAYERS

if TYPE_CHECKING:
    from _options import Options

MAKERS = {"rnnzoo": ours, "torchrecurrent": theirs, "minGRU-pytorch": mingru_pytorch}
LIKE = {"minlstm": "minLSTM"}
"""The layer of minGRU-pytorch that a scan layer is held against, where it is not minGRU."""
ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "65536"}
ROUNDS = 2
PAGE = 4096  # bytes; nothing smaller can be told
COST = 1.0  # seconds of a layer's measurement, about


def plan(options: Options) -> Plan:
    """The layers of torchrecurrent at A; those parallel over time at C and D."""
    made = Plan()
    if not Path("/proc/self/clear_refs").exists():
        made.left_out.append("peak memory is read from Linux's /proc, which is not here")
        return made
    pairs: list[tuple[str, str, str, str]] = []  # our layer, package, its layer, shape
    if "A" in options.shapes:
        pairs += [(cell, "torchrecurrent", cell, "A") for cell in options.chosen(list(of_torchrecurrent()))]
    parallel = options.chosen([entry.name for entry in LAYERS.entries() if entry.parallel])
    if installed("minGRU-pytorch"):
        shapes = [shape for shape in ("C", "D") if shape in options.shapes]
        pairs += [(c, "minGRU-pytorch", LIKE.get(c, "minGRU"), shape) for c in parallel for shape in shapes]
    for package in ("torchrecurrent", "minGRU-pytorch"):
        if not installed(package):
            made.left_out.append(f"{package} is not installed (`pip install rnnzoo[peers]`)")
    for cell, package, peer, shape in pairs:
        size = fitting(cell, sizes(shape, options.quick))
        if memory_needed(cell, size) > 0.7 * memory_there():
            made.left_out.append(f"{cell} at {shape}: a training step would need more memory than there is")
        else:
            made.steps.append(_measurement(cell, package, peer, shape, size, options))
    return made


def _measurement(cell: str, package: str, peer: str, shape: str, size: Shape, options: Options) -> Measurement:
    shown = of_torchrecurrent()[cell] if package == "torchrecurrent" else peer
    makers = {f"rnnzoo.{cell}": ("rnnzoo", cell), f"{package}.{shown}": (package, peer)}
    rounds = options.rounds or (1 if options.quick else ROUNDS)

    def measure(labels: Collection[str]) -> dict[str, Sequence[float]]:
        there = helper(fresh=True, **ENVIRONMENT)
        return {
            label: [float(there.call(growth, *maker, size, options.threads)) for _ in range(rounds)]
            for label, maker in makers.items()
        }

    settings = {"cell": cell, "shape": shape, **size._asdict()}
    return Measurement(
        "memory", [Comparison(settings, *makers)], measure, COST * rounds, options.threads, quantity="bytes"
    )


def growth(package: str, name: str, size: Shape, threads: int) -> int:
    """Bytes by which this process grows at most while it makes a training step."""
    torch.set_num_threads(threads)
    module = MAKERS[package](name, size)
    _step(module, inputs(size._replace(B=2, T=3)))
    module.zero_grad(set_to_none=True)
    x = inputs(size)
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")  # the peak so far is forgotten
    before = _resident()
    _step(module, x)
    after = _resident()
    return max(PAGE, after["VmHWM"] - before["VmRSS"] - (after["RssFile"] - before["RssFile"]))


def _step(module: nn.Module, x: torch.Tensor) -> None:
    y = output(module(x))
    y.backward(torch.ones_like(y))


def _resident() -> dict[str, int]:
    """Bytes by the name of their line in /proc/self/status."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    told = dict(line.split(":", 1) for line in lines)
    return {name: 1024 * int(told[name].split()[0]) for name in ("VmHWM", "VmRSS", "RssFile")}
