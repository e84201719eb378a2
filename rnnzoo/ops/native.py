"""torch's own fused LSTM, GRU and RNN over a whole stack, called as ``torch.nn`` calls them.

Weights come flat in torch's order: for each layer, for each direction, weight_ih (gates * H, I), weight_hh
(gates * H, H or proj_size), then bias_ih and bias_hh where there are biases, then weight_hr (proj_size, H) where the
LSTM projects.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import _VF, Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from rnnzoo.contracts import State
from rnnzoo.registry import unknown

_KERNELS = {"lstm": _VF.lstm, "gru": _VF.gru, "rnn_tanh": _VF.rnn_tanh, "rnn_relu": _VF.rnn_relu}
_CUDNN_MODES = {"rnn_relu": 0, "rnn_tanh": 1, "lstm": 2, "gru": 3}
MODES = tuple(_KERNELS)


def native_stack(
    mode: str,
    x: Tensor | PackedSequence,
    hx: State,
    weights: Sequence[Tensor],
    *,
    bias: bool = True,
    num_layers: int = 1,
    bidirectional: bool = False,
    dropout: float = 0.0,
    training: bool = False,
    batch_first: bool = True,
    lengths: Tensor | None = None,
) -> tuple[Tensor | PackedSequence, State]:
    """Run torch's kernel over a stack of layers.

    Args:
        mode: "lstm", "gru", "rnn_tanh" or "rnn_relu".
        x: (B, T, I), or (T, B, I) with ``batch_first=False``, or a packed sequence.
        hx: (h,) or (h, c), each (num_layers * directions, B, its size); for a packed sequence in its sorted order.
        weights: flat, in torch's order.
        bias: whether ``weights`` holds biases.
        num_layers, bidirectional: the stack.
        dropout: between layers, while ``training``.
        training: whether dropout is on.
        batch_first: layout of a padded ``x`` and of the output.
        lengths: (B,) int64, checked by the caller; only with a padded ``x``, whose padding may hold anything.

    Returns:
        The output in the form of ``x`` (zeros in the padding), and the final state, shaped as ``hx``.

    Raises:
        UnknownName: no such mode.
        ValueError: ``lengths`` together with a packed sequence.
    """
    if mode not in _KERNELS:
        raise unknown("native mode", mode, MODES)
    options = (bias, num_layers, dropout, training, bidirectional)
    if isinstance(x, PackedSequence):
        if lengths is not None:
            raise ValueError("lengths: expected None with a PackedSequence, which has its own; got both.")
        data, final = _call(mode, x.data, hx, weights, options, batch_sizes=x.batch_sizes)
        return PackedSequence(data, x.batch_sizes, x.sorted_indices, x.unsorted_indices), final
    time = x.shape[1 if batch_first else 0]
    if lengths is None or bool((lengths == time).all()):
        return _call(mode, x, hx, weights, (*options, batch_first))
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=batch_first, enforce_sorted=False)
    hx = tuple(member.index_select(1, packed.sorted_indices) for member in hx)
    data, final = _call(mode, packed.data, hx, weights, options, batch_sizes=packed.batch_sizes)
    y, _ = pad_packed_sequence(packed._replace(data=data), batch_first=batch_first, total_length=time)
    return y, tuple(member.index_select(1, packed.unsorted_indices) for member in final)


def _call(
    mode: str,
    x: Tensor,
    hx: State,
    weights: Sequence[Tensor],
    options: tuple,
    batch_sizes: Tensor | None = None,
) -> tuple[Tensor, State]:
    state = hx if mode == "lstm" else hx[0]
    given = (x, state, weights) if batch_sizes is None else (x, batch_sizes, state, weights)
    y, *final = _KERNELS[mode](*given, *options)
    return y, tuple(final)


def flatten_weights(
    mode: str,
    weights: Sequence[Tensor],
    *,
    input_size: int,
    hidden_size: int,
    proj_size: int = 0,
    bias: bool = True,
    num_layers: int = 1,
    bidirectional: bool = False,
    batch_first: bool = True,
) -> bool:
    """Move the weights, in place, into the one block of memory that cuDNN wants; elsewhere do nothing.

    Returns:
        Whether the weights now share one block.

    Raises:
        UnknownName: no such mode.
    """
    if mode not in _CUDNN_MODES:
        raise unknown("native mode", mode, MODES)
    first = weights[0]
    if not first.is_cuda or not torch.backends.cudnn.is_acceptable(first):
        return False
    same = all(w.dtype == first.dtype and w.device == first.device for w in weights)
    if not same or len({w.data_ptr() for w in weights}) != len(weights):  # a weight used twice cannot be moved
        return False
    each = (4 if bias else 2) + (1 if proj_size else 0)
    sizes = (input_size, _CUDNN_MODES[mode], hidden_size, proj_size, num_layers, batch_first, bidirectional)
    with torch.cuda.device_of(first), torch.no_grad():
        torch._cudnn_rnn_flatten_weight(list(weights), each, *sizes)
    return True
