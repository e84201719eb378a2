"""Cells of unusual states in a stack: shapes that differ by layer, clocks, nested modules; cells never registered."""

import pytest
import torch
from tolerances import close
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import rnnzoo

B, T = 3, 5


class Shift(nn.Module):
    """y_t = W norm(x_{t-1}), with the clock t in the state: its shapes depend on the layer's input."""

    def __init__(self, input_size, hidden_size, *, bias=True, device=None, dtype=None, gain=1.0):
        super().__init__()
        self.input_size, self.output_size = input_size, hidden_size
        self.state_shapes = ((input_size,), ())
        self.backend, self.last_backend = None, "reference"
        self.gain = gain
        self.mix = nn.ModuleDict({"product": nn.Linear(input_size, hidden_size, bias, device, dtype)})
        self.register_buffer("seen", torch.zeros(1, device=device))

    def initial_state(self, batch_size, *, device=None, dtype=None):
        return torch.zeros(batch_size, self.input_size, dtype=dtype), torch.zeros(batch_size, dtype=torch.int64)

    def step(self, x, state):
        return self.gain * self.mix["product"](state[0]), (x, state[1] + 1)

    def forward(self, x, state=None, lengths=None):
        state = state or self.initial_state(x.shape[0], dtype=x.dtype)
        lengths = torch.full((x.shape[0],), x.shape[1]) if lengths is None else lengths
        y = []
        for t in range(x.shape[1]):
            alive = t < lengths
            out, new = self.step(x[:, t], state)
            y.append(torch.where(alive[:, None], out, 0))
            state = (torch.where(alive[:, None], new[0], state[0]), torch.where(alive, new[1], state[1]))
        return torch.stack(y, 1), state


@pytest.fixture
def stack():
    return rnnzoo.Recurrent(Shift, 2, 4, num_layers=2, bidirectional=True, gain=2.0)


def test_states_that_differ_by_layer_are_one_tuple_a_cell(stack):
    _, hn = stack(torch.randn(T, B, 2))
    assert [[tuple(m.shape) for m in state] for state in hn] == [[(B, 2), (B,)]] * 2 + [[(B, 8), (B,)]] * 2
    assert {state[1].dtype for state in hn} == {torch.int64}
    _, hn = stack(torch.randn(T, 2))
    assert [[tuple(m.shape) for m in state] for state in hn] == [[(2,), ()]] * 2 + [[(8,), ()]] * 2


def test_such_states_go_back_in():
    stack = rnnzoo.Recurrent(Shift, 2, 4, num_layers=2)
    x = torch.randn(T, B, 2)
    y, hn = stack(x)
    first, hx = stack(x[:2])
    second, hx = stack(x[2:], hx)
    close(torch.cat([first, second]), y)
    close(hx, hn)
    _, hx = stack(x[:2, 0])
    close(stack(x[2:, 0], hx)[0], y[2:, 0])
    state = None
    for t in range(T):
        out, state = stack.step(x[t], state)
        close(out, y[t])


def test_such_states_follow_their_rows_through_packing(stack):
    x, lengths = torch.randn(T, B, 2), [2, 5, 3]
    _, hx = stack(torch.randn(1, B, 2))
    y, hn = stack(x, hx, lengths=lengths)
    packed, hn_packed = stack(pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False), hx)
    close(pad_packed_sequence(packed)[0], y)
    close(hn_packed, hn)
    assert [state[1].tolist() for state in hn] == [[3, 6, 4]] * 4


def test_nested_parameters_and_buffers_have_flat_names(stack):
    state = stack.state_dict()
    assert "mix.product.weight_l1_reverse" in state
    assert "seen_l0" in state
    other = rnnzoo.Recurrent(Shift, 2, 4, num_layers=2, bidirectional=True, gain=2.0)
    other.load_state_dict(state)
    x = torch.randn(T, B, 2)
    close(other(x), stack(x))


def test_options_of_a_cell_are_attributes_of_its_stack(stack):
    assert stack.gain == 2.0
    assert repr(stack) == "Recurrent('Shift', 2, 4, num_layers=2, bidirectional=True, gain=2.0)"
    with pytest.raises(AttributeError, match="lose"):
        _ = stack.lose


@pytest.mark.parametrize(
    ("hx", "message"),
    [
        (torch.zeros(4, B, 2), "hx is a Tensor; expected 4 tuples"),
        ((torch.zeros(4, B, 2),), "hx is 1 members; expected 4 tuples"),
        (((torch.zeros(B, 2), torch.zeros(B)),) * 4, r"hx\[2\]\[0\] has shape \(3, 2\); expected \(3, 8\)"),
        (((torch.zeros(B, 2),),) * 4, r"hx\[0\] is 1 tensors; expected a tuple of 2"),
    ],
)
def test_a_state_of_the_wrong_form_says_which_was_expected(stack, hx, message):
    with pytest.raises(ValueError, match=message):
        stack(torch.randn(T, B, 2), hx)


def test_full_lengths_are_no_lengths():
    layer = rnnzoo.LSTM(4, 5)
    x = torch.randn(T, B, 4)
    close(layer(x, lengths=torch.full((B,), T)), layer(x))
