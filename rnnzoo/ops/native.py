"""torch's own fused LSTM, GRU and RNN over a whole stack, called as ``torch.nn`` calls them.

Weights come flat in torch's order: for each layer, for each direction, weight_ih (gates * H, I), weight_hh
(gates * H, H or proj_size), then bias_ih and bias_hh where there are biases, then weight_hr (proj_size, H) where the
LSTM projects.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import _VF, Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnzoo.contracts import State
from rnnzoo.registry import unknown

_KERNELS: dict[str, Callable[..., Any]] = {
    "lstm": _VF.lstm,
    "gru": _VF.gru,
    "rnn_tanh": _VF.rnn_tanh,
    "rnn_relu": _VF.rnn_relu,
}
_STEPS: dict[str, Callable[..., Any]] = {
    "lstm": _VF.lstm_cell,
    "gru": _VF.gru_cell,
    "rnn_tanh": _VF.rnn_tanh_cell,
    "rnn_relu": _VF.rnn_relu_cell,
}
MODES = tuple(_KERNELS)
LITTLE = 1 << 22
"""Multiplications forward, of all steps, up to which torch's LSTM is done first."""


def native_pays(
    mode: str, x: Tensor, lengths: Tensor | None, time: int, weights: Sequence[Tensor], own: Callable[[], bool]
) -> bool:
    """Whether torch's kernel is the quickest way for padded rows ``x`` of ``time`` steps and these lengths.

    On a CPU it is not for ragged rows: packing them and padding the output again takes several times as long as the
    eager fast path. Else it is where our own C cannot run (``own``), and for an LSTM with little to do, where torch
    gets to its own C sooner (part ``native`` of ``benchmarks/speed`` measures it all). Rows that come packed stay with
    the kernel.
    """
    if x.is_cuda or (lengths is not None and bool((lengths < time).any())):
        return x.is_cuda
    plain = mode == "lstm" and weights[1].shape[0] == 4 * weights[1].shape[1]  # oneDNN knows no projection
    little = plain and time <= 64 and x.numel() // x.shape[-1] * sum(w.numel() for w in weights) < LITTLE
    return little or not own()


def native_stack(
    mode: str,
    x: Tensor,
    hx: State,
    weights: Sequence[Tensor],
    *,
    num_layers: int = 1,
    bidirectional: bool = False,
    dropout: float = 0.0,
    training: bool = False,
    batch_first: bool = True,
    lengths: Tensor | None = None,
    batch_sizes: Tensor | None = None,
) -> tuple[Tensor, State]:
    """Run torch's kernel over a stack of layers.

    Args:
        mode: "lstm", "gru", "rnn_tanh" or "rnn_relu".
        x: (B, T, I), or (T, B, I) with ``batch_first=False``; with ``batch_sizes`` packed data (M, I).
        hx: (h,) or (h, c), each (num_layers * directions, B, its size); for packed data in its sorted order.
        weights: flat, in torch's order; whether there are biases is read off their number.
        num_layers, bidirectional: the stack.
        dropout: between layers, while ``training``.
        training: whether dropout is on.
        batch_first: layout of a padded ``x`` and of the output.
        lengths: (B,) int64, checked by the caller; only with a padded ``x``, whose padding may hold anything.
        batch_sizes: of packed data, as in ``PackedSequence``.

    Returns:
        The output in the form of ``x`` (zeros in the padding), and the final state, shaped as ``hx``. Under autocast on
        CUDA they come in its dtype, as torch's do; elsewhere the kernel runs in the weights' dtype, float32 or wider.

    Raises:
        UnknownName: no such mode.
        ValueError: a number of weights that no stack of this depth has, or ``lengths`` with packed data.
    """
    cells = num_layers * (2 if bidirectional else 1)
    each, rest = divmod(len(weights), cells)
    if mode not in _KERNELS:
        raise unknown("native mode", mode, MODES)
    if rest or not 2 <= each <= 5:
        raise ValueError(
            f"weights: expected 2 (or 3 with a projection, 4 with biases, 5 with both) for each of {cells} layers and "
            f"directions, got {len(weights)}."
        )
    options = (each > 3, num_layers, dropout, training, bidirectional)
    if batch_sizes is not None:
        if lengths is not None:
            raise ValueError("lengths: expected None with packed data, whose batch_sizes tell them; got both.")
        return _call(mode, x, batch_sizes, hx, weights, options)
    time = x.shape[1 if batch_first else 0]
    if lengths is None or bool((lengths == time).all()):
        return _call(mode, x, None, hx, weights, (*options, batch_first))
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=batch_first, enforce_sorted=False)
    order, place = packed.sorted_indices, packed.unsorted_indices
    hx = tuple(member[:, order] for member in hx)
    data, final = _call(mode, packed.data, packed.batch_sizes, hx, weights, options)
    y, _ = pad_packed_sequence(packed._replace(data=data), batch_first=batch_first, total_length=time)
    return y, tuple(member[:, place] for member in final)


def native_steps(x: Tensor, stages: int) -> bool:
    """Whether one step of x is torch's own: not of a projection (a second stage), nor where a graph is traced, nor
    under autocast, where the state is kept in higher precision."""
    if stages > 1 or torch.compiler.is_compiling():
        return False
    device = "cpu" if x.is_cpu else x.device.type  # to make that text takes a tenth of a small step
    return not torch.is_autocast_enabled(device)


def native_step(mode: str, x: Tensor, state: State, weights: Sequence[Tensor]) -> State:
    """The state after one time step of one layer, by the kernel of torch's cells, which knows no projection.

    Args:
        mode: "lstm", "gru", "rnn_tanh" or "rnn_relu".
        x: (B, I).
        state: (h,) or (h, c), each (B, H).
        weights: weight_ih, weight_hh, and bias_ih and bias_hh where there are biases.
    """
    if mode == "lstm":
        return _STEPS[mode](x, state, *weights)
    return (_STEPS[mode](x, state[0], *weights),)


def _call(
    mode: str, x: Tensor, batch_sizes: Tensor | None, hx: State, weights: Sequence[Tensor], options: tuple
) -> tuple[Tensor, State]:
    if not x.is_cuda and torch.is_autocast_enabled(x.device.type):
        # The CPU's bfloat16 kernels refuse some sizes and modes outright.
        dtype = torch.promote_types(weights[0].dtype, torch.float32)
        x, hx, weights = x.to(dtype), tuple(m.to(dtype) for m in hx), [w.to(dtype) for w in weights]
        with torch.autocast(x.device.type, enabled=False):
            return _call(mode, x, batch_sizes, hx, weights, options)
    state = hx if mode == "lstm" else hx[0]
    given = (x, state, weights) if batch_sizes is None else (x, batch_sizes, state, weights)
    y, *final = _KERNELS[mode](*given, *options)
    return y, tuple(final)
