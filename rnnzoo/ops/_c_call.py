"""How native code is called: what it gets, and on which threads.

Every function takes an array of addresses, an array of whole numbers and what part of the work is this call's, and
returns 0, or 1 where it found no room. Calls release Python's lock, so parts run side by side.
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

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


def in_threads(one: Callable[[int], int], parts: int) -> None:
    """Call ``one`` with 0, ..., parts - 1, each on a thread of its own, the first on this.

    Raises:
        MemoryError: one of them did not return 0.
    """
    if parts == 1:
        failed = one(0)
    else:
        waiting = [_pool(os.getpid()).submit(one, number) for number in range(1, parts)]
        failed = max([one(0), *(each.result() for each in waiting)])  # none may be left running
    if failed:
        raise MemoryError("native code found no room for its states.")


@functools.lru_cache(maxsize=1)
def _pool(process: int) -> ThreadPoolExecutor:
    """This process's threads; a forked one makes its own."""
    return ThreadPoolExecutor(max(1, (os.cpu_count() or 1) - 1), thread_name_prefix="rnnzoo")
