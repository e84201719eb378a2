"""How native code is called: what it gets, and on which threads.

Every function takes an array of addresses, an array of whole numbers and what part of the work is this call's, and
returns 0, or 1 where it found no room. Calls release Python's lock, so parts run side by side.
"""

from __future__ import annotations

import ctypes
import functools
import os
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


def addresses(tensors: Sequence[Tensor | None]) -> Any:
    """Where the numbers of each tensor begin; null for ``None``."""
    return _of(ctypes.c_void_p, len(tensors))(*[None if t is None else t.data_ptr() for t in tensors])


def whole_numbers(values: Iterable[int]) -> Any:
    """An array of int64."""
    given = tuple(values)
    return _of(ctypes.c_int64, len(given))(*given)


@functools.cache
def _of(kind: Any, count: int) -> Any:
    return kind * count


def share_out(
    function: Callable[..., int], arrays: Sequence[Tensor | None], numbers: Iterable[int], items: int, parts: int
) -> None:
    """Call the function on arrays and whole numbers, ``items`` being shared out among so many parts.

    Raises:
        MemoryError: as `in_threads`.
    """
    given, sizes = addresses(arrays), whole_numbers(numbers)
    bounds = [items * part // parts for part in range(parts + 1)]

    def one(part: int) -> int:
        first, count = bounds[part], bounds[part + 1] - bounds[part]
        return function(given, sizes, ctypes.c_int64(first), ctypes.c_int64(count))

    in_threads(one, parts)


def in_threads(one: Callable[[int], int], parts: int) -> None:
    """Call ``one`` with 0, ..., parts - 1: side by side on torch's own threads where they can be had, else on others.

    Torch's wait for more work without sleep when they have done some, so that other threads would fight with them.

    Raises:
        MemoryError: one of them did not return 0.
    """
    if parts == 1:
        failed = [one(0)]
    else:
        team = _torch_team() if os.getpid() == _HERE else None  # a forked process has but one thread
        failed = _in_pool(one, parts) if team is None else _in_team(team, one, parts)
    if len(failed) < parts or any(failed):
        raise MemoryError("native code found no room for its states.")


def _in_pool(one: Callable[[int], int], parts: int) -> list[int]:
    waiting = [_pool(os.getpid()).submit(one, number) for number in range(1, parts)]
    return [one(0), *(each.result() for each in waiting)]  # none may be left running


def _in_team(team: Any, one: Callable[[int], int], parts: int) -> list[int]:
    """Each thread of the team takes parts until there are none left; Python's lock guards the taking."""
    numbers, done = iter(range(parts)), list[int]()

    def work(_: Any) -> None:
        for number in numbers:
            done.append(one(number))

    team(_WORK(work), None, torch.get_num_threads(), 0)
    return done


_HERE = os.getpid()
_WORK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


@functools.cache
def _torch_team() -> Any:
    """``GOMP_parallel(work, data, threads, flags)`` of the OpenMP library that torch has loaded; ``None`` without."""
    maps = Path("/proc/self/maps")
    loaded = {line.split()[-1] for line in maps.read_text().splitlines()} if maps.exists() else set()
    found = [Path(name) for name in loaded if re.match(r"lib(gomp|iomp5|omp)\b", Path(name).name)]
    own = [path for path in found if Path(torch.__file__).parent in path.parents] or found
    team = getattr(ctypes.CDLL(str(own[0])), "GOMP_parallel", None) if len(own) == 1 else None
    if team is not None:
        team.argtypes, team.restype = [_WORK, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint], None
    return team


@functools.lru_cache(maxsize=1)
def _pool(process: int) -> ThreadPoolExecutor:
    """This process's threads; a forked one makes its own."""
    return ThreadPoolExecutor(max(1, (os.cpu_count() or 1) - 1), thread_name_prefix="rnnzoo")
