"""C code built once, by the compiler that is on the machine, and kept.

A library is named after a hash of all that it is made of: the source, the flags, the compiler, the processor. It is
built beside its name and then renamed, under a lock, so that two processes build it once and neither loads half of it.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import torch

CODE = Path(__file__).parent / "c"
FLAGS = ("-O3", "-march=native", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-std=gnu11")
"""As fast as C may be where what is not a number must stay so and sums keep their order."""
DTYPES = {torch.float32: (), torch.float64: ("-DDOUBLE",)}


class CannotBuild(RuntimeError):
    """There is no native code here; the message says why."""


class Missing(NamedTuple):
    """Why a recurrence does not run in native code."""

    reason: str
    here: bool  # it is this machine that cannot, not the recurrence


def folder() -> Path:
    """Where libraries are kept: ``$RNNZOO_CACHE/native``, else ``rnnzoo/native`` in the user's cache folder."""
    base = os.environ.get("RNNZOO_CACHE")
    if base:
        return Path(base) / "native"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "rnnzoo" / "native"


@functools.cache
def compiler() -> str:
    """The C compiler: ``$CC``, else the first of cc, gcc, clang.

    Raises:
        CannotBuild: there is none.
    """
    named = os.environ.get("CC")
    for name in (named,) if named else ("cc", "gcc", "clang"):
        found = shutil.which(name)
        if found:
            return found
    raise CannotBuild(f"no C compiler was found ({'$CC is ' + named if named else 'cc, gcc, clang'})")


@functools.cache
def _made_by() -> str:
    """What a library depends on besides its source: compiler, processor, header and product."""
    version = subprocess.run([compiler(), "--version"], capture_output=True, text=True, check=False).stdout
    model = [line for line in _lines("/proc/cpuinfo") if line.startswith(("flags", "model name", "Features"))][:2]
    code = [path.read_text(encoding="utf-8") for path in sorted(CODE.iterdir())]
    return "\n".join([version, platform.machine(), platform.system(), *model, *FLAGS, *code])


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


@functools.cache
def library(source: str, dtype: torch.dtype) -> ctypes.CDLL:
    """The library of a source for numbers of this dtype, built if it is not there.

    Raises:
        CannotBuild: no compiler, one that fails, or nowhere to write.
    """
    key = hashlib.sha256("\n".join([_made_by(), str(dtype), source]).encode()).hexdigest()[:24]
    path = folder() / f"{key}.so"
    try:
        if not path.exists():
            _build(source, dtype, path)
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise CannotBuild(f"{path}: {error}") from error


def _build(source: str, dtype: torch.dtype, path: Path) -> None:
    from filelock import FileLock

    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")), tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        if path.exists():  # another process built it while this one waited
            return
        unit, made = Path(scratch) / "recurrence.c", Path(scratch) / "recurrence.so"
        unit.write_text(source, encoding="utf-8")
        _run([*FLAGS, *DTYPES[dtype], f"-I{CODE}", "-shared", str(unit), str(_product(dtype)), "-o", str(made), "-lm"])
        os.replace(made, path)


def _product(dtype: torch.dtype) -> Path:
    """The object file of ``c/product.c``, which every library holds."""
    from filelock import FileLock

    key = hashlib.sha256("\n".join([_made_by(), str(dtype)]).encode()).hexdigest()[:24]
    path = folder() / f"product-{key}.o"
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            made = path.with_suffix(f".{os.getpid()}")
            _run([*FLAGS, *DTYPES[dtype], "-c", str(CODE / "product.c"), "-o", str(made)])
            os.replace(made, path)
    return path


def _run(arguments: list[str]) -> None:
    done = subprocess.run([compiler(), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotBuild(f"{compiler()} failed: {done.stderr.strip()[-500:]}")


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """For comparing new code with the reference, whatever mode the call that needs it is made under."""
    with torch.inference_mode(False), torch.autocast("cpu", enabled=False):
        yield


@functools.cache
def tell_once(reason: str) -> None:
    """Say, once for each reason, that native code is not used."""
    warnings.warn(f"rnnzoo runs without its native code, slower and with the same numbers: {reason}", stacklevel=2)
