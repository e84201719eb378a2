"""C code built once, by the compiler that is on the machine, and kept.

A library is named after a hash of all that it is made of: the source, the flags, the compiler, the processor. It is
built beside its name and then renamed, under a lock, so that two processes build it once and neither loads half of it.
Its checksum lies beside it; a file that does not have it is built again. ``RNNZOO_NATIVE=0`` does without native code.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

CODE = Path(__file__).parent / "c"
FLAGS = ("-O3", "-march=native", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-std=gnu11")
"""As fast as C may be where what is not a number must stay so and sums keep their order."""
DTYPES = {torch.float32: (), torch.float64: ("-DDOUBLE",)}
TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-10}
"""Of native code, relative to the largest value of the reference, or to 1."""


class CannotBuild(RuntimeError):
    """There is no native code here; the message says why."""


class Missing(NamedTuple):
    """Why a recurrence does not run in native code."""

    reason: str
    here: bool  # it is this machine that cannot, not the recurrence


def switched_on() -> bool:
    """Whether native code may be used at all: not with ``RNNZOO_NATIVE=0``, which is read at a recurrence's first use.

    Raises:
        ValueError: the variable has another value than 0 and 1.
    """
    value = os.environ.get("RNNZOO_NATIVE") or "1"
    if value not in ("0", "1"):
        raise ValueError(f"RNNZOO_NATIVE: expected 0 (no native code) or 1, got {value!r}.")
    return value == "1"


def folder() -> Path:
    """Where libraries are kept: ``$RNNZOO_CACHE/native``, else ``rnnzoo/native`` in the user's cache folder."""
    base = os.environ.get("RNNZOO_CACHE")
    if base:
        return Path(base).expanduser() / "native"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "rnnzoo" / "native"


@functools.cache
def compiler() -> tuple[str, ...]:
    """The C compiler as a command: ``$CC``, which may hold options, else the first of cc, gcc, clang.

    Raises:
        CannotBuild: there is none.
    """
    named = os.environ.get("CC")
    for name, *options in [shlex.split(named)] if named and named.strip() else [["cc"], ["gcc"], ["clang"]]:
        found = shutil.which(name)
        if found:
            return os.path.abspath(found), *options
    raise CannotBuild(f"no C compiler was found ({'$CC is ' + named if named else 'cc, gcc, clang'})")


@functools.cache
def _made_by() -> str:
    """What a library depends on besides its source: compiler, processor, header and product."""
    version = " ".join(compiler()[1:]) + _output("--version")
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
        CannotBuild: no compiler, one that fails, nowhere to write, or native code is switched off.
        ValueError: as `switched_on`.
    """
    if not switched_on():
        raise CannotBuild("RNNZOO_NATIVE=0 switches it off")
    try:
        return ctypes.CDLL(str(_kept(_name(dtype, source) + ".so", lambda made: _build(source, dtype, made))))
    except (OSError, NotImplementedError) as error:  # filelock has the latter for folders that cannot be locked
        raise CannotBuild(f"{folder()}: {getattr(error, 'strerror', None) or error}") from error


def _name(dtype: torch.dtype, source: str = "") -> str:
    return hashlib.sha256("\n".join([_made_by(), str(dtype), source]).encode()).hexdigest()[:24]


def _kept(name: str, make: Callable[[Path], None]) -> Path:
    """The file of this name in the cache; ``make`` writes it where there is none that is whole."""
    from filelock import FileLock

    path = folder() / name
    checksum = path.with_name(f"{name}.sha256")
    if _is_whole(path, checksum):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")), tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        if _is_whole(path, checksum):  # another process built it while this one waited
            return path
        if path.exists():
            warnings.warn(f"{path} is not what was built (it does not have its checksum); built again", stacklevel=2)
        made, note = Path(scratch) / name, Path(scratch) / checksum.name
        make(made)
        note.write_text(_checksum(made), encoding="utf-8")
        os.replace(note, checksum)
        os.replace(made, path)
    return path


def _is_whole(path: Path, checksum: Path) -> bool:
    return path.exists() and checksum.exists() and _checksum(path) == checksum.read_text(encoding="utf-8")


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _build(source: str, dtype: torch.dtype, made: Path) -> None:
    unit = made.with_name("recurrence.c")
    unit.write_text(source, encoding="utf-8")
    product = _kept(f"product-{_name(dtype)}.o", lambda made: _compile(dtype, "-c", str(CODE / "product.c"), made=made))
    _compile(dtype, f"-I{CODE}", "-shared", unit.name, str(product), "-lm", made=made)


def _compile(dtype: torch.dtype, *arguments: str, made: Path) -> None:
    _output(*FLAGS, *DTYPES[dtype], *arguments, "-o", made.name, folder=made.parent)
    if not made.exists():
        raise CannotBuild(f"{compiler()[0]} made nothing, and said that it did")


def _output(*arguments: str, folder: Path | None = None) -> str:
    """What the compiler prints, run in a folder.

    Raises:
        CannotBuild: it fails.
    """
    try:
        done = subprocess.run(
            [*compiler(), *arguments], cwd=folder, capture_output=True, text=True, errors="replace", check=False
        )
    except OSError as error:
        raise CannotBuild(f"{compiler()[0]} does not run: {error}") from error
    if done.returncode:
        raise CannotBuild(f"{compiler()[0]} failed ({done.returncode}): {done.stderr.strip()[-500:]}")
    return done.stdout


def apart(function: Callable[..., Any], *given: Any) -> Any:
    """Call on a new thread, which no mode and no transformation of torch reaches that the caller is in."""
    with ThreadPoolExecutor(1) as fresh:
        return fresh.submit(function, *given).result()


@functools.cache
def tell_once(reason: str) -> None:
    """Say, once for each reason, that native code is not used; nothing to whoever switched it off."""
    if not switched_on():
        return
    warnings.warn(f"rnnzoo runs without its native code, slower and with the same numbers: {reason}", stacklevel=2)


def check_equal(built: ctypes.CDLL, ours: Iterable[Tensor], theirs: Iterable[Tensor], dtype: torch.dtype) -> None:
    """Compare what native code and the reference gave, to `TOLERANCE`.

    Raises:
        CannotBuild: they differ.
    """
    for one, other in zip(ours, theirs, strict=True):
        worst = float((one - other).abs().max()) / max(1.0, float(other.abs().max()))
        if not worst <= TOLERANCE[dtype]:
            raise CannotBuild(f"what was built at {built._name} differs from the reference by {worst:.1e}")


def checked(unit: str, check: Callable[[ctypes.CDLL, torch.dtype], None], device: str, dtype: torch.dtype) -> Any:
    """The library of a file in ``c/`` for numbers of this dtype, built and checked, or why there is none.

    Args:
        unit: the file's name.
        check: raises `CannotBuild` where what was built does not equal its definition.
        device, dtype: of the numbers.
    """
    if device != "cpu":
        return Missing(f"it runs on the CPU, not on {device}", here=False)
    if dtype not in DTYPES:
        return Missing(f"it computes in float32 and float64, not in {dtype}", here=False)
    try:
        built = library(f'#include "{unit}"\n', dtype)
        apart(check, built, dtype)
    except CannotBuild as error:
        return Missing(str(error), here=True)
    return built
