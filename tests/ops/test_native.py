"""The native stack is torch.nn's own: same numbers over depth, direction, dropout, packed rows and lengths."""

import pytest
import torch
from tolerances import close
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnzoo.ops.native import native_stack
from rnnzoo.registry import UnknownName

B, T, I, H = 4, 6, 3, 5
MODULES = {
    "lstm": lambda **options: nn.LSTM(I, H, **options),
    "gru": lambda **options: nn.GRU(I, H, **options),
    "rnn_tanh": lambda **options: nn.RNN(I, H, **options),
    "rnn_relu": lambda **options: nn.RNN(I, H, nonlinearity="relu", **options),
}
STACKS = [
    {},
    {"bias": False},
    {"num_layers": 2, "bidirectional": True},
    {"num_layers": 2, "bidirectional": True, "bias": False},
]


def module_and_state(mode, stack):
    module = MODULES[mode](dtype=torch.float64, batch_first=True, **stack)
    layers = module.num_layers * (2 if module.bidirectional else 1)
    widths = (module.proj_size or H, H) if mode == "lstm" else (H,)
    return module, tuple(torch.randn(layers, B, width, dtype=torch.float64) for width in widths)


def theirs(module, x, hx):
    y, final = module(x, hx if len(hx) == 2 else hx[0])
    return y, final if isinstance(final, tuple) else (final,)


def ours(mode, module, x, hx, **options):
    stack = {"num_layers": module.num_layers, "bidirectional": module.bidirectional}
    return native_stack(mode, x, hx, module._flat_weights, **stack, **options)


@pytest.mark.parametrize("stack", STACKS, ids=str)
@pytest.mark.parametrize("mode", MODULES)
def test_equals_torch_nn(mode, stack):
    module, hx = module_and_state(mode, stack)
    x = torch.randn(B, T, I, dtype=torch.float64)
    close(ours(mode, module, x, hx), theirs(module, x, hx))


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("bias", [True, False])
def test_equals_torch_nn_with_a_projection(bias):
    module, hx = module_and_state("lstm", {"proj_size": 2, "num_layers": 2, "bias": bias})
    x = torch.randn(B, T, I, dtype=torch.float64)
    close(ours("lstm", module, x, hx), theirs(module, x, hx))


@pytest.mark.parametrize("stack", STACKS, ids=str)
@pytest.mark.parametrize("mode", MODULES)
@pytest.mark.parametrize("lengths", [[2, 6, 1, 6], [3, 3, 2, 3], [6, 6, 6, 6]], ids=str)
def test_lengths_are_packed_rows(mode, stack, lengths):
    module, hx = module_and_state(mode, stack)
    x, lengths = torch.randn(B, T, I, dtype=torch.float64), torch.tensor(lengths)
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    rows, final = theirs(module, packed, hx)
    expected = pad_packed_sequence(rows, batch_first=True, total_length=T)[0]
    for row, length in enumerate(lengths):
        x[row, length:] = float("nan")
    close(ours(mode, module, x, hx, lengths=lengths), (expected, final))


def test_packed_data_and_time_first_are_taken_as_they_are():
    module, hx = module_and_state("gru", {})
    x = torch.randn(B, T, I, dtype=torch.float64)
    expected, final = theirs(module, x, hx)
    close(ours("gru", module, x.transpose(0, 1), hx, batch_first=False), (expected.transpose(0, 1), final))
    packed = pack_padded_sequence(x, torch.tensor([6, 5, 2, 2]), batch_first=True)
    rows, final = theirs(module, packed, hx)
    close(ours("gru", module, packed.data, hx, batch_sizes=packed.batch_sizes), (rows.data, final))


def test_dropout_between_layers_only_while_training():
    module, hx = module_and_state("lstm", {"num_layers": 2})
    x = torch.randn(B, T, I, dtype=torch.float64)
    still = theirs(module, x, hx)
    close(ours("lstm", module, x, hx, dropout=0.5, training=False), still)
    module.dropout = 0.5
    torch.manual_seed(3)
    expected = theirs(module, x, hx)
    torch.manual_seed(3)
    close(ours("lstm", module, x, hx, dropout=0.5, training=True), expected)
    assert not torch.allclose(expected[0], still[0])


@pytest.mark.parametrize("mode", MODULES)
def test_autocast_on_the_cpu_runs_in_float32(mode):
    module, hx = module_and_state(mode, {})
    module, hx, x = module.float(), tuple(member.float() for member in hx), torch.randn(B, T, I)
    expected = ours(mode, module, x, hx)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        close(ours(mode, module, x, hx), expected)
        close(ours(mode, module, x.bfloat16(), hx), expected, dtype=torch.bfloat16)


def test_what_it_cannot_run_is_named():
    module, hx = module_and_state("gru", {})
    x = torch.randn(B, T, I, dtype=torch.float64)
    with pytest.raises(UnknownName, match="unknown native mode 'gruu'; did you mean gru"):
        native_stack("gruu", x, hx, module._flat_weights)
    with pytest.raises(ValueError, match="for each of 2 layers and directions, got 5"):
        native_stack("gru", x, hx, [*module._flat_weights, x], num_layers=2)
    with pytest.raises(ValueError, match="lengths: expected None with packed data"):
        ours("gru", module, x[0], hx, batch_sizes=torch.tensor([B]), lengths=torch.tensor([1] * B))
