"""Gate values of a stack: one entry a layer and direction, each that of its cell alone, in the layout of the input."""

import pytest
import torch
from tolerances import close
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

import rnnzoo
from rnnzoo import gate_values
from rnnzoo.ops.ragged import reverse_by_length

I, H, B, T = 3, 4, 3, 6
LENGTHS = torch.tensor([4, 6, 1])


@pytest.fixture
def stack():
    return rnnzoo.LSTM(I, H, num_layers=2, bidirectional=True, batch_first=True, dtype=torch.float64)


@pytest.fixture
def x():
    return torch.randn(B, T, I, dtype=torch.float64)


def same(actual, expected):
    assert list(actual) == list(expected)
    for key in expected:
        for part, whole in zip(actual[key], expected[key], strict=True):
            assert list(part) == list(whole)
            for name in whole:
                close(part[name], whole[name], what=f"{key} {name}")


def test_there_is_one_entry_a_layer_and_direction_by_torchs_suffixes(stack, x):
    assert list(gate_values(stack, x)) == ["l0", "l0_reverse", "l1", "l1_reverse"]
    assert list(gate_values(rnnzoo.GRU(I, H), x.float().transpose(0, 1))) == ["l0"]


def test_the_hidden_states_of_the_last_layer_are_the_output(stack, x):
    for lengths in (None, LENGTHS):
        y, _ = stack(x, lengths=lengths)
        shown = gate_values(stack, x, lengths=lengths)
        close(torch.cat([shown[key].states["hidden"] for key in ("l1", "l1_reverse")], -1), y)


def test_each_entry_is_that_of_its_cell_alone(stack, x):
    hx = tuple(torch.randn(4, B, H, dtype=torch.float64) for _ in range(2))
    shown = gate_values(stack, x, hx, LENGTHS)
    forward = gate_values(stack.cells[0], x, tuple(member[0] for member in hx), LENGTHS)
    back = reverse_by_length(x, LENGTHS)
    reverse = gate_values(stack.cells[1], back, tuple(member[1] for member in hx), LENGTHS)
    for name, value in forward.gates.items():
        close(shown["l0"].gates[name], value)
        close(shown["l0_reverse"].gates[name], reverse_by_length(reverse.gates[name], LENGTHS))


def test_values_lie_as_the_output_does(x):
    stack = rnnzoo.GRU(I, H, dtype=torch.float64)
    whole = gate_values(stack, x.transpose(0, 1))["l0"].gates["update"]  # (T, B, H)
    alone = gate_values(stack, x[1])["l0"].gates["update"]  # (T, H)
    close(alone, whole[:, 1])
    stack.batch_first = True
    close(gate_values(stack, x)["l0"].gates["update"], whole.transpose(0, 1))


def test_packed_rows_give_the_values_of_padded_ones(stack, x):
    hx = tuple(torch.randn(4, B, H, dtype=torch.float64) for _ in range(2))
    packed = pack_padded_sequence(x, LENGTHS, batch_first=True, enforce_sorted=False)
    same(gate_values(stack, packed, hx), gate_values(stack, x, hx, LENGTHS))


def test_what_is_refused_is_refused_as_by_forward(stack, x):
    for call in (stack, lambda *given, **more: gate_values(stack, *given, **more)):
        with pytest.raises(ValueError, match="input_size=3"):
            call(torch.randn(B, T, I + 1, dtype=torch.float64))
        with pytest.raises(TypeError, match="a torch"):
            call([1, 2])
        with pytest.raises(ValueError, match="hx"):
            call(x, (torch.zeros(1, B, H, dtype=torch.float64),) * 2)
        with pytest.raises(ValueError, match=r"lengths\[2\] is 9"):
            call(x, lengths=[1, 2, 9])


def test_a_stack_without_gates_and_what_is_no_layer_of_ours_are_refused_by_name(x):
    with pytest.raises(ValueError, match="layer 'srn' has no gates"):
        gate_values(rnnzoo.RNN(I, H, batch_first=True), x.float())
    with pytest.raises(TypeError, match=r"torch.nn.modules.rnn.LSTM; expected a layer of rnnzoo"):
        gate_values(nn.LSTM(I, H), x.float())


def test_a_cell_of_another_kind_says_that_it_has_none(x):
    class Plain(nn.Module):
        def initial_state(self, batch_size):
            return ()

    with pytest.raises(ValueError, match="layer 'Plain' has no gates"):
        gate_values(Plain(), x)
