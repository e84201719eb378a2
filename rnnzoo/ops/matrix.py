"""The linear recurrence of a matrix state, the kind of linear attention, Mamba-2, the delta rule and RWKV-7.

    S_t = S_{t-1} (diag(w_t) + a_t b_t^T) + v_t k_t^T          S (V, K), w = exp(log_decay)
    y_t = S_t q_t, or, with a bonus u, y_t = S_{t-1} q_t + (q_t . (u * k_t)) v_t

A state is what has been stored of pairs of key and value: a step forgets (w), edits along one direction (a, b: the
delta rule has a = -beta k, b = k), stores, and reads. "reference" is the definition, a loop over time. "torch" takes
time in chunks (``_matrix_chunks.py``): inside a chunk everything is products of matrices, from chunk to chunk goes the
state. "c" (``_c_matrix.py``) goes step by step in native code, on a CPU: what a thread works on of a state lies
in the nearest cache, and no step costs a call.

Sources: Katharopoulos et al., 2020, arXiv 2006.16236; Yang et al., 2023, arXiv 2312.06635 (decay by channel) and 2024,
arXiv 2406.06484 (the delta rule in chunks); Peng et al., 2025, arXiv 2503.14456 (a and b of their own).
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnzoo.ops._c_matrix import find_matrix, run_matrix
from rnnzoo.ops._matrix_chunks import run_chunks
from rnnzoo.ops._own import EVERYWHERE, HALF, choose_own, untransformed
from rnnzoo.ops.ragged import check_lengths, mask, zero_padding

CHUNK = 32
"""The steps of a chunk where the caller names no number: products of this height keep a processor busy."""
WIDE, SHORT = 40_000, 16
"""A state of more than WIDE numbers leaves the nearest cache at every step of a loop; from SHORT steps on, the products
of chunks are quicker then, unless each step edits the state (docs/speed-notes.md)."""
LEAST = -60.0
"""Logarithms of decays below this are taken as this: what is left of a state, e^-60, is below rounding."""


def matrix_scan(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    S0: Tensor,
    *,
    log_decay: Tensor | None = None,
    a: Tensor | None = None,
    b: Tensor | None = None,
    bonus: Tensor | None = None,
    lengths: Tensor | None = None,
    chunk_size: int = CHUNK,
    backend: str | None = None,
) -> tuple[Tensor, Tensor]:
    """Run the recurrence over time, N heads of it side by side.

    Half precision is carried in float32 inside and returned as given; under autocast what is half stays float32.

    Args:
        q, k: what reads and what stores, (B, T, N, K).
        v: what is stored, (B, T, N, V).
        S0: the state before the first step, (B, N, V, K).
        log_decay: the logarithm of w, at most 0, (B, T, N, K), or (B, T, N, 1) where a head has one (which takes less
            time); 1 in place of B or T where it does not vary; None: nothing is forgotten.
        a, b: the edit, (B, T, N, K) each; both or neither.
        bonus: u (N, K): then a step reads the state before it, and its own pair weighted by u; None: it reads its own
            state.
        lengths: (B,) int64, each row's number of steps, 1 to T; None: all T.
        chunk_size: steps that are taken at once, a power of two from 8; a short sequence takes fewer.
        backend: "reference", "torch", "c", or None to have it chosen. All are doubly differentiable.

    Returns:
        y (B, T, N, V), zero beyond a row's length, and the state at each row's length, (B, N, V, K).

    Raises:
        TypeError: the tensors are not all of one floating-point dtype.
        ValueError: their shapes do not fit, a and b are not given together, T is 0, or a length or the chunk size is
            out of range.
        UnknownName, BackendError: ``backend`` is none, or cannot run this.
    """
    chosen = choose_matrix(backend, q, "matrix_scan")
    tensors = {"q": q, "k": k, "v": v, "S0": S0, "log_decay": log_decay, "a": a, "b": b, "bonus": bonus}
    given = {name: value for name, value in tensors.items() if value is not None}
    if torch.is_autocast_enabled(q.device.type):
        given = {name: value.float() if value.dtype in HALF else value for name, value in given.items()}
    check_matrix_arguments(given, chunk_size)
    if lengths is not None:
        check_lengths(lengths, q.shape[0], q.shape[1])
    if backend is None and a is None and q.shape[1] >= SHORT and q.shape[-1] * v.shape[-1] > WIDE:
        chosen = "torch"
    dtype = given["q"].dtype
    if dtype in HALF:
        given = {name: value.float() for name, value in given.items()}
    if log_decay is not None:
        given["log_decay"] = given["log_decay"].clamp(min=LEAST)
    if chosen == "c":
        y, S = run_matrix(lengths, given, chunk_size)
        return y.to(dtype), S.to(dtype)
    if lengths is not None:
        given = _without_padding(given, lengths)
    y, S = run_reference(**given) if chosen == "reference" else run_chunks(**given, chunk_size=chunk_size)
    return (y if lengths is None else zero_padding(y, lengths)).to(dtype), S.to(dtype)


def choose_matrix(backend: str | None, like: Tensor, what: str) -> str:
    """The backend that will run: the one asked for, else native code where there is some, else "torch".

    Args:
        backend: what the caller asked for, if anything.
        like: a tensor of the recurrence's device and dtype; half precision is carried in float32.
        what: what is to run, for messages.

    Raises:
        UnknownName, BackendError: as ``backends.resolve``; BackendError also where native code cannot, with the reason.
    """
    return choose_own(backend, like, what, c=untransformed(find_matrix))


def matrix_backends(device: str) -> tuple[str, ...]:
    """Those of such a device; "c" needs a compiler besides."""
    return (*EVERYWHERE, "c") if device == "cpu" else EVERYWHERE


def run_reference(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    S0: Tensor,
    log_decay: Tensor | None = None,
    a: Tensor | None = None,
    b: Tensor | None = None,
    bonus: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The definition, one step after another; arguments and results as `matrix_scan`'s."""
    S, found = S0, []
    for t in range(q.shape[1]):
        if bonus is not None:
            own = (q[:, t] * bonus * k[:, t]).sum(-1, keepdim=True)  # (B, N, 1)
            found.append(_read(S, q[:, t]) + own * v[:, t])
        edit = None if a is None or b is None else outer(_read(S, a[:, t]), b[:, t])
        if log_decay is not None:
            S = S * log_decay[:, t if log_decay.shape[1] > 1 else 0].exp().unsqueeze(-2)
        S = S + outer(v[:, t], k[:, t])  # (B, N, V, K)
        if edit is not None:
            S = S + edit
        if bonus is None:
            found.append(_read(S, q[:, t]))
    return torch.stack(found, 1), S


def outer(v: Tensor, k: Tensor) -> Tensor:
    """v k^T (..., V, K) of v (..., V) and k (..., K)."""
    return v.unsqueeze(-1) * k.unsqueeze(-2)


def _read(S: Tensor, q: Tensor) -> Tensor:
    """S q (..., V) of S (..., V, K) and q (..., K)."""
    return (S @ q.unsqueeze(-1)).squeeze(-1)


def _without_padding(given: dict[str, Tensor], lengths: Tensor) -> dict[str, Tensor]:
    """Beyond its length a row keeps its state: nothing is forgotten, edited or stored there."""
    k = given["k"]
    valid = mask(lengths.to(k.device), k.shape[1])[:, :, None, None]  # (B, T, 1, 1)
    return {
        name: torch.where(valid, value, 0) if name in ("k", "v", "a", "b", "log_decay") else value
        for name, value in given.items()
    }


def check_chunk(chunk_size: int) -> None:
    """Raise unless chunks may have so many steps.

    Raises:
        ValueError: it is no power of two from 8.
    """
    whole = isinstance(chunk_size, int) and not isinstance(chunk_size, bool)
    if not whole or chunk_size < 8 or chunk_size & (chunk_size - 1):
        raise ValueError(f"chunk_size is {chunk_size!r}; expected a power of two from 8, such as {CHUNK}.")


def check_matrix_arguments(given: dict[str, Tensor], chunk_size: int) -> None:
    """Refuse what does not fit; ``given`` holds the arguments of `matrix_scan` by name, those that are None left out.

    Raises:
        TypeError, ValueError: as `matrix_scan`.
    """
    if ("a" in given) != ("b" in given):
        raise ValueError(f"{'a' if 'a' in given else 'b'} is given alone; expected a and b, or neither.")
    check_chunk(chunk_size)
    q, v = given["q"], given["v"]
    if q.dim() != 4 or v.dim() != 4:
        raise ValueError(
            f"q has shape {tuple(q.shape)} and v {tuple(v.shape)}; expected (batch, time, heads, K) and "
            "(batch, time, heads, V)."
        )
    B, T, N, K = q.shape
    V = v.shape[-1]
    if not T:
        raise ValueError(f"q has shape {tuple(q.shape)}; expected at least one time step.")
    expected = {"v": (B, T, N, V), "S0": (B, N, V, K), "bonus": (N, K), **dict.fromkeys("qkab", (B, T, N, K))}
    for name, value in given.items():
        if not value.is_floating_point() or value.dtype != q.dtype:
            raise TypeError(f"{name} has dtype {value.dtype} and q {q.dtype}; expected one floating-point dtype.")
        if name == "log_decay":
            fits = value.dim() == 4 and all(
                size in allowed for size, allowed in zip(value.shape, ((1, B), (1, T), (N,), (1, K)), strict=True)
            )
            wanted = f"({B} or 1, {T} or 1, {N}, {K} or 1)"
        else:
            fits, wanted = tuple(value.shape) == expected[name], str(expected[name])
        if not fits:
            raise ValueError(f"{name} has shape {tuple(value.shape)}; expected {wanted}, to fit q {tuple(q.shape)}.")
