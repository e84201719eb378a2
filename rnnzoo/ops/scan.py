"""The first-order linear recurrence h_t = a_t * h_{t-1} + b_t, elementwise, parallel over time.

Steps compose: applying (a, b) and then (a', b') is applying (a' a, a' b + b'). So time is cut into blocks of `BLOCK`
steps; the composition of each block is found for all blocks at once, the states between blocks are the same recurrence
on a sequence `BLOCK` times shorter, and a second sweep fills in the states inside all blocks at once: about
3 BLOCK log(T) / log(BLOCK) operations, each over T / BLOCK steps. Nothing is divided and no logarithm is taken, so
coefficients of zero, negative ones and long products that underflow are all exact to rounding. Nothing but the
composition is used, so the same sweeps run other recurrences whose steps compose: complex ones, and (max, +).

Source: Blelloch, "Prefix Sums and Their Applications", 1990, section 1.4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rnnzoo.ops._c_scan import find_scan, scan_c, transformed
from rnnzoo.ops._own import EVERYWHERE, HALF, choose_own
from rnnzoo.ops._scan_checks import check_scan_arguments
from rnnzoo.ops._triton_kernel import interpreted
from rnnzoo.ops._triton_scan import find_triton_scan, scan_triton
from rnnzoo.ops.pairs import loop
from rnnzoo.ops.ragged import check_lengths, mask

BACKENDS = (*EVERYWHERE, "c")
"""Those of a CPU; of CUDA they are EVERYWHERE and "triton"."""
BLOCK = 16  # steps composed one after another in a block
LOOP = 64  # up to here a plain loop is quicker than blocks
WIDE = 4096  # from here on too, on the CPU: the numbers of a step, for each thread


def choose_scan(backend: str | None, like: Tensor, what: str) -> str:
    """The backend that a scan of such numbers will run: the one asked for, else native code, else "torch".

    Args:
        backend: what the caller asked for, if anything.
        like: a tensor of the scan's device and dtype; half precision is carried in float32.
        what: what is to run, for messages.

    Raises:
        UnknownName, BackendError: as ``backends.resolve``; BackendError also where native code cannot, with the reason.
    """
    return choose_own(backend, like, what, c=find_scan, triton=find_triton_scan)


def scan_backends(device: str) -> tuple[str, ...]:
    """Those of a scan on such a device; "c" needs a compiler besides."""
    return (*EVERYWHERE, "c", *(("triton",) if device == "cuda" or interpreted() else ()))


def scan(
    a: Tensor, b: Tensor, h0: Tensor, *, lengths: Tensor | None = None, backend: str | None = None
) -> tuple[Tensor, Tensor]:
    """Run h_t = a_t * h_{t-1} + b_t over time.

    Half precision is carried in float32 inside and returned as given; under autocast what is half stays float32.

    Args:
        a: coefficients (B, T, ...); 1 in place of any of these sizes where they do not vary along it.
        b: inputs (B, T, ...).
        h0: the state before the first step (B, ...).
        lengths: (B,) int64, each row's number of steps, 1 to T; ``None``: all T. What a and b hold beyond is ignored.
        backend: "reference" (the loop over time), "torch" (blocks), "c" (a loop in native code, on a CPU), "triton"
            (the same on CUDA), or ``None`` to have it chosen. All are doubly differentiable.

    Returns:
        h (B, T, ...), zero beyond a row's length, and the state at each row's length (B, ...).

    Raises:
        TypeError: a, b, h0 are not all of one floating-point dtype.
        ValueError: their shapes do not fit, T is 0, or a length is out of range.
        BackendError: ``backend`` cannot run this.
    """
    chosen = choose_scan(backend, b, "scan")
    a, b, h0 = _without_autocast(a, b, h0)
    check_scan_arguments(a, b, h0)
    given = a.dtype
    if given in HALF:
        a, b, h0 = a.float(), b.float(), h0.float()
    h, final = _run(a, b, h0, lengths, chosen)
    return h.to(given), final.to(given)


def complex_scan(
    a: Tensor, b: Tensor, h0: Tensor, *, lengths: Tensor | None = None, backend: str | None = None
) -> tuple[Tensor, Tensor]:
    """Run h_t = a_t * h_{t-1} + b_t over complex numbers, each given as a pair (real part, imaginary part).

    Pairs are real tensors, so that a state is moved, cast and saved as every other one.

    Args:
        a: coefficients (B, T, ..., 2); 1 in place of any size but the last where they do not vary along it.
        b: inputs (B, T, ..., 2).
        h0: the state before the first step (B, ..., 2).
        lengths, backend: as in `scan`.

    Returns:
        h (B, T, ..., 2) and the final state (B, ..., 2), as `scan`.

    Raises:
        TypeError, ValueError, BackendError: as `scan`; ValueError also where a last size is not 2.
    """
    chosen = choose_scan(backend, b, "complex_scan")
    a, b, h0 = _without_autocast(a, b, h0)
    check_scan_arguments(a, b, h0)
    for name, value in {"a": a, "b": b, "h0": h0}.items():
        if value.shape[-1] != 2:
            raise ValueError(
                f"{name} has shape {tuple(value.shape)}; expected a last size of 2: pairs of real and imaginary part."
            )
    given = a.dtype
    if chosen == "reference" and lengths is None and torch.compiler.is_compiling():
        h = loop(*(value.float() if value.dtype in HALF else value for value in (a, b, h0)))
        return h.to(given), h[:, -1].to(given)
    h, final = _run(_as_complex(a), _as_complex(b), _as_complex(h0), lengths, chosen)
    return torch.view_as_real(h).to(given), torch.view_as_real(final).to(given)


def _as_complex(pairs: Tensor) -> Tensor:
    """(..., 2) real as (...) complex; half precision as complex64."""
    return torch.view_as_complex((pairs.float() if pairs.dtype in HALF else pairs).contiguous())


def _without_autocast(*values: Tensor) -> tuple[Tensor, ...]:
    """Under autocast what is half becomes float32."""
    if not torch.is_autocast_enabled(values[0].device.type):
        return values
    return tuple(value.float() if value.dtype in HALF else value for value in values)


def _run(a: Tensor, b: Tensor, h0: Tensor, lengths: Tensor | None, chosen: str) -> tuple[Tensor, Tensor]:
    """The recurrence over real or complex tensors that fit, by the backend chosen."""
    if lengths is not None:
        check_lengths(lengths, b.shape[0], b.shape[1])
    if chosen == "c":
        return scan_c(a, b, h0, lengths)
    if chosen == "triton" and not transformed():
        return scan_triton(a, b, h0, lengths)
    if chosen == "reference":
        return run_reference(lengths, a, b, h0)
    if lengths is not None:
        a, b, valid = _without_padding(a, b, lengths)
    if torch.compiler.is_compiling() or (b.is_complex() and _is_wide(b)):  # conjugates of all of h cost more
        h = blocked(a, b, h0)
        final = h[:, -1]
    else:
        h, final = _Scan.apply(a, b, h0)
    if lengths is not None:
        h = torch.where(valid, h, 0)
    return h, final


def _without_padding(a: Tensor, b: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Beyond its length a row keeps its state, h_t = 1 * h_{t-1} + 0: those a and b, and where it has steps."""
    valid = mask(lengths.to(b.device), b.shape[1])  # (B, T)
    valid = valid.reshape(valid.shape + (1,) * (b.dim() - 2))  # (B, T, 1...)
    return torch.where(valid, a, 1), torch.where(valid, b, 0), valid  # (B, T, ...)


def run_reference(lengths: Tensor | None, a: Tensor, b: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    """The definition, one step after another, over real or complex numbers; arguments and results as `scan`'s."""
    if lengths is not None:
        a, b, valid = _without_padding(a, b, lengths)
    states = []
    for a_t, b_t in zip(_steps(a, b.shape[1]), b.unbind(1), strict=True):
        h = a_t * h + b_t  # (B, ...)
        states.append(h)
    all_states = torch.stack(states, 1)
    return all_states if lengths is None else torch.where(valid, all_states, 0), h


class _Scan(torch.autograd.Function):
    """The blocked scan with its own backward: the same recurrence with time reversed.

    With u_t the gradient of h_t: u_t = g_t + a_{t+1} * u_{t+1}; then db = u, da_t = u_t * h_{t-1}, dh0 = a_1 * u_1,
    with the conjugates of a and h where they are complex. Only a, h and h0 are kept.
    """

    generate_vmap_rule = True  # with setup_context: torch.func's grad, jacrev and vmap

    @staticmethod
    def forward(a: Tensor, b: Tensor, h0: Tensor) -> tuple[Tensor, Tensor]:
        h = blocked(a, b, h0)  # (B, T, ...)
        return h, h[:, -1].clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: tuple[Tensor, Tensor]) -> None:
        a, _, h0 = inputs
        ctx.save_for_backward(a, output[0], h0)
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, g: Tensor | None, g_final: Tensor | None) -> tuple[Tensor | None, ...]:
        a, h, h0 = ctx.saved_tensors
        if g is None and g_final is None:
            return None, None, None
        g = torch.zeros_like(h) if g is None else g
        u_T = g[:, -1] if g_final is None else g[:, -1] + g_final  # (B, ...)
        u = u_T.unsqueeze(1)  # (B, 1, ...)
        back = a.conj().resolve_conj()
        if h.shape[1] > 1:
            rest = back if back.shape[1] == 1 else back[:, 1:]
            if torch.is_grad_enabled():  # the backward is itself to be differentiated
                later, _ = _Scan.apply(rest.flip(1), g[:, :-1].flip(1), u_T)
                later = later.flip(1)
            else:
                later = blocked(rest, g[:, :-1], u_T, reverse=True)  # (B, T - 1, ...)
            u = torch.cat((later, u), 1)  # (B, T, ...)
        da = None
        if ctx.needs_input_grad[0]:
            da = u * torch.cat((h0.unsqueeze(1), h[:, :-1]), 1).conj()  # (B, T, ...)
            da = da if da.shape == a.shape else da.sum_to_size(a.shape)
        return da, u, back[:, 0] * u[:, 0]


class Ring(NamedTuple):
    """The two operations of a recurrence h_t = a_t * h_{t-1} + b_t whose steps compose."""

    times: Callable[[Tensor, Tensor], Tensor]  # (a', a): the coefficient of both steps
    step: Callable[[Tensor, Tensor, Tensor], Tensor]  # (b, a, h): the state after a step


LINEAR = Ring(torch.mul, torch.addcmul)
MAX_PLUS = Ring(torch.add, lambda b, a, h: torch.maximum(b, a + h))
"""h_t = max(a_t + h_{t-1}, b_t)."""


def blocked(a: Tensor, b: Tensor, h: Tensor, reverse: bool = False, ring: Ring = LINEAR) -> Tensor:
    """All states (B, T, ...) of the recurrence started from ``h``; ``reverse`` runs from the last step to the first."""
    T = b.shape[1]
    order = -1 if reverse else 1
    if T <= LOOP or _is_wide(b):
        states = []
        for a_t, b_t in zip(_steps(a, T)[::order], b.unbind(1)[::order], strict=True):
            h = ring.step(b_t, a_t, h)
            states.append(h)
        return torch.stack(states[::order], 1)
    block = min(range(BLOCK - 4, BLOCK + 5), key=lambda steps: T % steps)
    rest = T % block
    blocks, tail = (slice(rest, T), slice(0, rest)) if reverse else (slice(0, T - rest), slice(T - rest, T))
    constant = a.shape[1] == 1
    a_s = (a,) * block if constant else a[:, blocks].unflatten(1, (-1, block)).unbind(2)[::order]
    b_s = b[:, blocks].unflatten(1, (-1, block)).unbind(2)[::order]  # block times (B, C, ...)
    A, b_A = a_s[0], b_s[0]
    for a_t, b_t in zip(a_s[1:], b_s[1:], strict=True):
        A, b_A = ring.times(a_t, A), ring.step(b_t, a_t, b_A)  # the block so far, as one step
    ends = blocked(A, b_A, h, reverse, ring)  # (B, C, ...)
    before = (ends[:, 1:], h.unsqueeze(1)) if reverse else (h.unsqueeze(1), ends[:, :-1])
    state = torch.cat(before, 1)  # (B, C, ...) where each block starts
    states = []
    for a_t, b_t in zip(a_s[:-1], b_s[:-1], strict=True):
        state = ring.step(b_t, a_t, state)
        states.append(state)
    states.append(ends)
    out = torch.stack(states[::order], 2).flatten(1, 2)  # (B, C * block, ...)
    if rest:
        a_tail = a if constant else a[:, tail]
        more = blocked(a_tail, b[:, tail], ends[:, 0] if reverse else ends[:, -1], reverse, ring)
        out = torch.cat((more, out) if reverse else (out, more), 1)
    return out


def _is_wide(b: Tensor) -> bool:
    """Whether a step is work enough by itself: then blocks, which go three times over all data, lose to a loop."""
    if b.device.type != "cpu" or torch.compiler.is_compiling():
        return False
    return b[:, 0].numel() >= WIDE * torch.get_num_threads()


def _steps(a: Tensor, T: int) -> tuple[Tensor, ...]:
    """The coefficients (B, ...) of each of T steps; the same each time where they do not vary."""
    return a.unbind(1) * T if a.shape[1] == 1 else a.unbind(1)


def unsqueezed(a: Tensor, b: Tensor) -> Tensor:
    """Coefficients that lack sizes of b in front, with 1 for each of them."""
    return a[(None,) * (b.dim() - a.dim())]
