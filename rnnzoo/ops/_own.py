"""Which backend runs a recurrence: native code of ours where it can, else what needs no compiler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from rnnzoo.ops._c_build import Missing, tell_once
from rnnzoo.ops._c_scan import transformed
from rnnzoo.ops.backends import OWN, BackendError, own_backend, resolve

EVERYWHERE = ("reference", "torch")
"""The backends that need no compiler."""
HALF = (torch.float16, torch.bfloat16)
Find = Callable[[str, torch.dtype], Any]
"""From a device and a dtype to native code, or why there is none."""


def untransformed(find: Find) -> Find:
    """The same where no transformation of torch.func runs; there it finds nothing."""

    def found(device: str, dtype: torch.dtype) -> Any:
        if transformed():
            return Missing("a transformation of torch.func runs", here=False)
        return find(device, dtype)

    return found


def choose_own(backend: str | None, like: Tensor, what: str, **find: Find) -> str:
    """The backend that will run: the one asked for, else native code, else "torch".

    Says once if it is this machine that has none.

    Args:
        backend: what the caller asked for, if anything.
        like: a tensor of the recurrence's device and dtype; half precision is carried in float32.
        what: what is to run, for messages.
        find: of each kind of native code that the recurrence has, "c" or "triton", how it is found.

    Raises:
        UnknownName, BackendError: as ``backends.resolve``; BackendError also where native code cannot, with the reason.
    """
    own = own_backend(like.device.type) if backend is None else backend
    if own in find:
        found: Any = Missing("a graph is being traced", here=False)
        if not torch.compiler.is_compiling():
            found = find[own](like.device.type, torch.float32 if like.dtype in HALF else like.dtype)
        if not isinstance(found, Missing):
            return own
        if backend is not None:
            raise BackendError(f"{what} cannot run with backend='{own}': {found.reason}. backend='torch' can.")
        if found.here:
            tell_once(found.reason)
    return resolve(backend, (*EVERYWHERE, *(name for name in OWN if name in find)), "torch", what)
