"""The two Triton functions of a gated recurrence, and how its work is laid out over a GPU.

Generated text becomes functions without a file: Triton finds their source where Python's ``linecache`` has it.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import linecache
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rnnzoo.ops._c_build import CannotBuild, switched_on
from rnnzoo.ops._gated_plan import Plan, Structure
from rnnzoo.ops._triton_writer import arrays_of, sizes

HALF = (torch.float16, torch.bfloat16)
DTYPES = (torch.float32, *HALF)
WHOLE = 128
"""Channels up to which one program holds all weights, if their bytes let it."""
HELD = 160 * 1024
"""Bytes of weights that one program can hold, of 227 KiB that it has; a float32 number is held as two."""
OLDEST = (7, 0)
"""Compute capability from which Triton makes code; bfloat16 needs (8, 0)."""


def interpreted() -> bool:
    """Whether Triton's functions run in its interpreter, on the CPU; that must be known before they are made."""
    return os.environ.get("TRITON_INTERPRET") in ("1", "true", "on", "yes", "y")


def check_machine(device: str, dtype: torch.dtype) -> str:
    """Why Triton cannot run on this device with these numbers at all, or nothing; whether it is this machine's fault.

    Raises:
        CannotBuild: this machine cannot, and another could.
    """
    if device != "cuda" and not (device == "cpu" and interpreted()):
        return f"it runs on a CUDA device, not on {device}"
    if dtype not in DTYPES:
        return f"it computes in float32 and half precision, not in {dtype}"
    if not switched_on():
        raise CannotBuild("RNNZOO_NATIVE=0 switches it off")
    if importlib.util.find_spec("triton") is None:
        raise CannotBuild("triton is not installed (pip install triton)")
    if device == "cuda":
        found = torch.cuda.get_device_capability()
        needed = (8, 0) if dtype == torch.bfloat16 else OLDEST
        if found < needed:
            raise CannotBuild(f"the GPU has compute capability {found}, and {dtype} needs {needed}")
    return ""


@functools.cache
def functions(text: str) -> dict[str, Any]:
    """What a generated text defines."""
    import triton
    import triton.language as tl

    from rnnzoo.ops import _triton_functions as own

    name = f"<rnnzoo triton {hashlib.sha256(text.encode()).hexdigest()[:12]}>"
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    made: dict[str, Any] = {"triton": triton, "tl": tl, "__name__": "rnnzoo.ops._triton_generated"}
    made |= {name: getattr(own, name) for name in own.__all__}
    exec(compile(text, name, "exec"), made)
    return made


class Tiles(NamedTuple):
    """How rows and channels are shared out."""

    rows: int  # of a program
    channels: int
    parts: int  # programs that share a block of rows
    whole: bool  # one program holds all weights
    groups: int  # blocks of rows
    at_once: int  # of these, in one launch
    options: dict[str, Any]  # of the launch


def tiles_of(plan: Plan, batch: int, widths: Sequence[int], processors: int, itemsize: int = 4) -> Tiles:
    """The layout for a batch on a GPU of so many multiprocessors.

    Args:
        plan: the recurrence.
        batch: rows.
        widths: of every value, and of every stage's channels.
        processors: programs that surely run at once.
        itemsize: bytes of a weight's number.

    Raises:
        ValueError: there are more channels than the GPU can run at once.
    """
    widest = max(widths)
    products = sum(step.stage.products for step in plan.steps if step.source >= 0)
    if not products:
        channels = min(128, max(32, _power(widest)))
        parts = -(-widest // channels)
        return Tiles(1, channels, parts, True, batch, batch, {"num_warps": max(1, channels // 64), "num_stages": 4})
    channels = max(16, _power(widest))
    if widest <= WHOLE and products * channels**2 * {2: 2, 4: 8}[itemsize] <= HELD:
        groups = -(-batch // 16)
        return Tiles(16, channels, 1, True, groups, groups, {"num_warps": 8 if channels >= 64 else 4, "num_stages": 1})
    channels = 16
    while -(-widest // channels) > processors:
        channels *= 2
        if channels > 128:
            raise ValueError(f"{widest} channels are more than {processors} multiprocessors can share.")
    parts = -(-widest // channels)
    rows = next((r for r in (16, 32) if -(-batch // r) * parts <= processors), 64)
    groups = -(-batch // rows)
    options = {"num_warps": 4, "num_stages": 3, "launch_cooperative_grid": True}
    return Tiles(rows, channels, parts, False, groups, max(1, processors // parts), options)


def _power(number: int) -> int:
    return 1 << (number - 1).bit_length()


class Kernel:
    """The two Triton functions of a plan."""

    def __init__(self, structure: Structure, plan: Plan, text: str) -> None:
        self.structure, self.plan, self.text = structure, plan, text
        self.twice = not any(step.source >= 0 for step in plan.steps)  # scans have second derivatives
        self.names = {backward: arrays_of(plan, backward) for backward in (False, True)}
        self.sizes = sizes(plan)
        self.inner = 64
        """Channels of what is multiplied that are loaded together."""

    def tiles(self, x: Tensor, widths: Sequence[int]) -> Tiles:
        """How the work for x (B, T, ...) is shared out; in the interpreter programs run one after another."""
        count = 1 if not x.is_cuda else torch.cuda.get_device_properties(x.device).multi_processor_count
        return tiles_of(self.plan, x.shape[0], widths, count, x.element_size())

    def run(
        self, backward: bool, arrays: dict[str, Tensor | None], whole: dict[str, int], tiles: Tiles, **options: Any
    ) -> None:
        """Call the function, in as many launches as it takes for all programs that meet to run at once.

        Args:
            backward: which of the two.
            arrays: by name; absent ones are not read.
            whole: the sizes by name.
            tiles: the layout.
            options: KEEP, RAGGED and OUT.
        """
        function = functions(self.text)["backward" if backward else "forward"]
        some: Any = arrays["hoisted"]
        if not tiles.whole:
            arrays["arrived"] = torch.zeros(tiles.groups * 32, dtype=torch.int32, device=some.device)
        given = [some if arrays.get(name) is None else arrays[name] for name in self.names[backward]]
        launch = {"enable_fp_fusion": True, **tiles.options} if some.is_cuda else {}
        precision = "tf32x3" if torch.get_float32_matmul_precision() == "highest" else "tf32"  # three: float32's own
        for first in range(0, tiles.groups, tiles.at_once):
            groups = min(tiles.at_once, tiles.groups - first)
            numbers = [whole[name] if name != "first" else first * tiles.parts for name in self.sizes]
            function[(groups * tiles.parts,)](
                *given, *numbers, BM=tiles.rows, BN=tiles.channels, BK=self.inner, PARTS=tiles.parts,
                WHOLE=tiles.whole, AHEAD=4 if self.twice else 1, PRECISION=precision, WIDE=not some.is_cuda,
                **options, **launch,
            )  # fmt: skip
