"""Gated recurrences: stages of one recurrent product and a weight-free row-wise function each.

Nearly every sequential recurrent network has this form (SRN, LSTM, GRU, peephole, MGU, LEM, highway, Mogrifier, ...).
A cell declares its stages; this file runs them over a sequence, by the readable loop or by a faster path equal to it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from rnnzoo.contracts import State
from rnnzoo.ops._c_build import tell_once
from rnnzoo.ops._c_gated import Missing, c_source, find_kernel, run_c
from rnnzoo.ops._c_operator import run_in_graph
from rnnzoo.ops._gated_fast import GatedRows
from rnnzoo.ops._gated_forward import forward_rows
from rnnzoo.ops._gated_plan import Plan, Stage, Structure
from rnnzoo.ops._gated_reference import gated_reference, run_stages
from rnnzoo.ops._rows import Rows
from rnnzoo.ops._triton_gated import find_triton, run_triton, triton_source
from rnnzoo.ops._triton_kernel import interpreted
from rnnzoo.ops.backends import OWN, BackendError, own_backend, resolve
from rnnzoo.ops.ragged import zero_padding

__all__ = ["Missing", "Stage", "Structure", "backends_of", "choose_backend", "gated", "gated_step"]


def backends_of(structure: Structure, device: str) -> tuple[str, ...]:
    """The backends that this recurrence has on such a device; "c" needs a compiler besides."""
    found = ["reference", "torch"] + ([] if isinstance(c_source(structure), Missing) else ["c"])
    if (device == "cuda" or interpreted()) and not isinstance(triton_source(structure), Missing):
        found.append("triton")
    return tuple(found)


def choose_backend(
    backend: str | None, structure: Structure, x: Tensor, state: State = (), what: str = "a gated recurrence"
) -> str:
    """The backend ``gated`` will run: the one asked for, else native code where it can, or the loop in a traced graph.

    Args:
        backend: what the caller asked for, if anything.
        structure: of the recurrence.
        x: the input, for its device and dtype.
        state: the initial state, where it is known, the recurrence's members first: native code has no whole numbers.
        what: what is to run, for messages.

    Raises:
        UnknownName, BackendError: as ``backends.resolve``; BackendError also where native code cannot, with the reason.
    """
    if backend is None and torch.compiler.is_compiling():
        return "reference"
    own = own_backend(x.device.type) if backend is None else backend
    if own in OWN:
        found: Any = Missing("a state holds whole numbers", here=False)
        if all(member.is_floating_point() for member in state[: len(structure.states)]):
            found = _find(own, structure, x)
        if not isinstance(found, Missing):
            return own
        if backend is not None:
            raise BackendError(f"{what} cannot run with backend='{own}': {found.reason}. backend='torch' can.")
        if found.here:
            tell_once(found.reason)
    return resolve(backend, ("reference", "torch", *OWN), "torch", what)


def _find(backend: str, structure: Structure, x: Tensor) -> Any:
    """The code of one of ours for numbers such as x, or why there is none."""
    if backend == "triton":
        return find_triton(structure, x.device.type, _product_dtype(x))
    return find_kernel(structure, x.device.type, torch.float32 if x.dtype.itemsize < 4 and _autocast(x) else x.dtype)


def _product_dtype(x: Tensor) -> torch.dtype:
    """What Triton multiplies in: autocast's dtype where it is on, else that of x."""
    device = x.device.type
    return torch.get_autocast_dtype(device) if _autocast(x) and x.dtype.itemsize <= 4 else x.dtype


def gated(
    stages: Sequence[Stage],
    x: Tensor,
    state: State,
    weights: Sequence[Tensor | None],
    biases: Sequence[Tensor | None] | None = None,
    vectors: Mapping[str, Tensor] | None = None,
    *,
    states: Sequence[str],
    output: str,
    input_weight: Tensor | None = None,
    input_bias: Tensor | None = None,
    lengths: Tensor | None = None,
    backend: str | None = None,
    key: str = "",
) -> tuple[Tensor, State]:
    """Run a gated recurrence over whole sequences.

    Args:
        stages: what one step does, in order.
        x: the input (B, T, I) where ``input_weight`` is given, else the hoisted input product (B, T, W), W the sum of
            the stages' inputs * N, in stage order. Padding beyond ``lengths`` may hold anything.
        state: the initial state, one (B, N) for each name in ``states``.
        weights: one per stage, (products * N, width of source); ``None`` where the stage has no product.
        biases: one per stage, (products * N,) or ``None``; ``None`` for none at all.
        vectors: per-channel weights (N,) that stages read by name.
        states: names of the state's members.
        output: the value put out at each step: a state (as the step ends) or a stage's result.
        input_weight, input_bias: of the input product, (W, I) and (W,).
        lengths: (B,) int64, checked by the caller (``ragged.check_lengths``).
        backend: "reference", "torch", "c", "triton" or ``None`` to choose.
        key: of the native code that a graph calls which is being traced (``_c_operator``); "": none.

    Returns:
        y (B, T, O), zeros beyond a row's length, and the state at each row's own length.

    Under autocast the recurrence itself runs in float32, and the products as autocast runs any: the input's, and on
    "triton", which adds them up in float32, those of the recurrent weights.

    Raises:
        UnknownName, BackendError: the backend is unknown or cannot run.
        ValueError: the stages are inconsistent.
    """
    biases = [None] * len(stages) if biases is None else biases
    vectors = {} if vectors is None else vectors
    width = x.shape[-1] if input_weight is None else input_weight.shape[0]
    structure = Structure(tuple(stages), tuple(states), tuple(vectors), output, width)
    backend = "c" if key else choose_backend(backend, structure, x, state)
    autocast = _autocast(x)
    if lengths is not None and backend != "torch":
        x = zero_padding(x, lengths)
    rows = Rows(x.shape[0], x.shape[1], lengths, x.device) if backend == "torch" else None
    if rows is not None:
        x, state = rows.pack(x), tuple(rows.sort(state))
    if input_weight is not None and (autocast or backend == "reference"):
        x, input_weight, input_bias = linear(x, input_weight, input_bias), None, None
    if autocast:
        x = x.to(_product_dtype(x)) if backend == "triton" else _float32(x)
        state, weights, biases = tuple(_all32(state)), _all32(weights), _all32(biases)
        vectors = dict(zip(vectors, _all32(vectors.values()), strict=True))
    with _float32_only(x) if autocast else contextlib.nullcontext():
        if backend == "reference":
            return gated_reference(
                stages, x, state, weights, biases, vectors, states=states, output=output, lengths=lengths
            )
        if key:
            x, input_bias, biases = _fold(Plan(*structure), x, input_weight, input_bias, biases)
            return run_in_graph(
                key, x, input_weight, input_bias, state, weights, biases, tuple(vectors.values()), lengths
            )
        if rows is None:
            kernel = _find(backend, structure, x)
            if isinstance(kernel, Missing):  # `choose_backend` has found it
                raise BackendError(kernel.reason)
            x, input_bias, biases = _fold(kernel.plan, x, input_weight, input_bias, biases)
            given = (x, input_weight, input_bias, state, weights, biases, tuple(vectors.values()), lengths)
            if backend == "c":
                return run_c(kernel, *given)
            y, ends = run_triton(kernel, *given)
            return _float32(y) if autocast else y, ends
        plan = Plan(*structure)
        x, input_bias, biases = _fold(plan, x, input_weight, input_bias, biases)
        tensors = (*state, *weights, *biases, *vectors.values())
        first = (x, input_weight, input_bias)
        if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (*first, *tensors)):
            y, *final = GatedRows.apply(plan, rows.sizes, *first, *tensors)
        else:
            y, final, _ = forward_rows(
                plan, rows.sizes, *first, state, weights, biases, tuple(vectors.values()), keep=False
            )
        return rows.unpack(y), rows.unsort(final)


def gated_step(
    stages: Sequence[Stage],
    x: Tensor,
    state: State,
    weights: Sequence[Tensor | None],
    biases: Sequence[Tensor | None],
    vectors: Mapping[str, Tensor],
    *,
    states: Sequence[str],
    output: str,
    masks: Mapping[str, Tensor] | None = None,
) -> tuple[Tensor, State]:
    """One time step of the same recurrence, by the same stages.

    Args:
        x: (B, W), the hoisted input product of the step; the others are as in ``gated``.
        masks: what a product's factor is multiplied by first, (B, N) by its name.

    Returns:
        y (B, O) and the state after the step.
    """
    autocast = _autocast(x)
    if autocast:
        x, state, weights, biases = _float32(x), tuple(_all32(state)), _all32(weights), _all32(biases)
        vectors = dict(zip(vectors, _all32(vectors.values()), strict=True))
    with _float32_only(x) if autocast else contextlib.nullcontext():
        values = run_stages(stages, x, {**dict(zip(states, state, strict=True)), **vectors}, weights, biases, masks)
    return values[output], tuple(values[name] for name in states)


def _fold(
    plan: Plan, x: Tensor, input_weight: Tensor | None, input_bias: Tensor | None, biases: Sequence[Tensor | None]
) -> tuple[Tensor, Tensor | None, list[Tensor | None]]:
    """Move the bias of every summed stage's recurrent product into the input product, where it costs nothing."""
    summed = [step.stage.summed and bias is not None for step, bias in zip(plan.steps, biases, strict=True)]
    if not any(summed):
        return x, input_bias, list(biases)
    blocks = [
        bias if fold and bias is not None else x.new_zeros(step.columns.stop - step.columns.start)
        for step, bias, fold in zip(plan.steps, biases, summed, strict=True)
    ]
    bias = blocks[0] if len(blocks) == 1 else torch.cat(blocks)
    rest = [None if fold else bias for bias, fold in zip(biases, summed, strict=True)]
    if input_weight is None:
        return x + bias, None, rest
    return x, bias if input_bias is None else input_bias + bias, rest


def _autocast(x: Tensor) -> bool:
    device = x.device.type
    return torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)


def _float32_only(x: Tensor) -> contextlib.AbstractContextManager:
    return torch.autocast(x.device.type, enabled=False)


def _float32(x: Tensor) -> Tensor:
    low = x.is_floating_point() and x.dtype.itemsize < 4
    return x.float() if low else x


def _all32(tensors: Iterable[Any]) -> list[Any]:
    return [None if t is None else _float32(t) for t in tensors]
