"""The names of the ways to run a recurrence, and how one of them is chosen."""

from __future__ import annotations

from rnnzoo.registry import unknown

BACKENDS = ("reference", "torch", "c", "triton", "native")
"""The readable loop; the fast path in eager torch; our own C, built on this machine; our own Triton, for CUDA; torch's
own fused kernels."""
OWN = ("c", "triton")
"""Native code of our own."""


def own_backend(device: str) -> str:
    """Which of ours runs on a device."""
    return "triton" if device == "cuda" else "c"


class BackendError(RuntimeError):
    """A backend was asked for by name and cannot run here; the message says why and which can."""


def has_compiler() -> bool:
    """Whether there is a C compiler, without which backend="c" cannot run."""
    from rnnzoo.ops._c_build import CannotBuild, compiler

    try:
        return bool(compiler())
    except CannotBuild:
        return False


def resolve(backend: str | None, available: tuple[str, ...], default: str, what: str) -> str:
    """The backend to run: ``backend`` where the caller named one, else ``default``.

    Args:
        backend: what the caller asked for; ``None`` leaves the choice to ``default``.
        available: the backends that can run ``what`` here.
        default: the choice when the caller has none; must be among ``available``.
        what: what is to run, for the message ("PeepholeLSTM", "scan").

    Raises:
        UnknownName: ``backend`` is no backend at all; the message has near misses.
        BackendError: ``backend`` exists but is not in ``available``.
    """
    if backend is None:
        return default
    if backend in available:
        return backend
    if backend not in BACKENDS:
        raise unknown("backend", backend, BACKENDS)
    raise BackendError(
        f"{what} cannot run with backend='{backend}'; it can with {' or '.join(repr(name) for name in available)}. "
        "Name one of these, or leave backend=None to have it chosen."
    )
