"""Where a run happens: versions, commit, device, and the folder that result rows go to."""

from __future__ import annotations

import functools
import platform
import subprocess
from importlib import metadata
from pathlib import Path

import rnnzoo

PACKAGES = ("torch", "lightning", "torchmetrics", "numpy")


def versions() -> dict[str, str]:
    """The versions of everything that computes: rnnzoo, Python, torch, ..."""
    own = {"rnnzoo": rnnzoo.__version__, "python": platform.python_version()}
    return own | {name: metadata.version(name) for name in PACKAGES}


def cell_version(cell: dict[str, str]) -> dict[str, str]:
    """Which code a user's own cell is (`registry.places.origin`): its file's sha256, and its distribution's version."""
    found = {Path(cell["file"]).name: f"sha256:{cell['sha256']}"} if "file" in cell else {}
    return found | ({cell["distribution"]: cell["version"]} if "distribution" in cell else {})


def package_folder() -> Path:
    """The folder of the package."""
    return Path(rnnzoo.__path__[0]).resolve()


@functools.cache
def commit() -> tuple[str, bool]:
    """The git commit that the package's code was read from, and whether its files differed from it.

    Looked up once a process, so ask early: commits made while a run is under way are not of its code.

    ``("", False)`` where the package does not stand in its own git checkout.
    """
    root = package_folder().parent
    top = _git(root, "rev-parse", "--show-toplevel")
    if not top or Path(top).resolve() != root:
        return "", False
    return _git(root, "rev-parse", "HEAD"), bool(_git(root, "status", "--porcelain", "--", "rnnzoo"))


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=30)
    except OSError:  # no git on this machine: the commit is simply not known
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def device_name(accelerator: str) -> str:
    """What the device is called: the GPU's name, or the processor's with its number of threads."""
    import torch

    if accelerator == "cuda":
        return torch.cuda.get_device_name()
    return f"{accelerator} {platform.machine()}, {torch.get_num_threads()} threads"


def processor() -> str:
    """The processor's model, as the machine calls it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def default_results(quick: bool = False, start: Path | None = None) -> Path:
    """The folder of result rows: ``benchmarks/results`` in a checkout of rnnzoo, else ``./rnnzoo-results``.

    Quick runs never go there: theirs is ``./rnnzoo-quick``.
    """
    start = (start or Path.cwd()).resolve()
    if quick:
        return start / "rnnzoo-quick"
    for folder in (start, *start.parents):
        if (folder / ".git").exists() and (folder / "benchmarks").is_dir() and (folder / "rnnzoo").is_dir():
            return folder / "benchmarks" / "results"
    return start / "rnnzoo-results"
