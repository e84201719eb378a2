"""sLSTM against one step as xlstm's PyTorch backend has it, which asks a whole batch whether anything is stored yet.

Its slstm/src/vanilla/slstm.py takes the input gate as the first stabiliser if n is 0 in every row and unit, and else
max(log f + m, i) for all. A row that has just begun, beside one that has not, then has the stabiliser of a state it has
not: c, n and m are others than alone, and 0 / 0 where its input gate is far below.
"""

import pytest
import torch
from tolerances import close

from rnnzoo.layers.slstm import SLSTM

I, H = 3, 4


def theirs(raw, state):
    """The step from the raw gates (B, 4H), blocks i, f, z, o, with the test of the whole batch."""
    _, c, n, m = state
    i, f, z, o = raw.chunk(4, 1)
    kept = torch.nn.functional.logsigmoid(f) + m
    new = i if not n.any() else torch.maximum(i, kept)
    c = torch.exp(kept - new) * c + torch.exp(i - new) * torch.tanh(z)
    n = torch.exp(kept - new) * n + torch.exp(i - new)
    return torch.sigmoid(o) * c / n, (c, n, new)


def cell_with(input_gate):
    torch.manual_seed(0)
    cell = SLSTM(I, H, bias_init="uniform")
    with torch.no_grad():
        cell.bias_ih[:H] = input_gate
        torch.nn.init.normal_(cell.weight_hh)
    return cell


def mixed(cell):
    """A state in which the first row has just begun and the second has not."""
    state = cell(torch.randn(2, 5, I))[1]
    return tuple(torch.cat([torch.zeros(1, H), member[1:]]).detach() for member in state)


def raw_of(cell, x, h):
    return (cell.hoist(x) + h @ cell.recurrent_weights()[0][0].t()).detach()


@pytest.mark.parametrize("fresh", [True, False])
def test_a_batch_that_is_all_fresh_or_all_carried_is_as_theirs(fresh):
    cell, x = cell_with(-3.0), torch.randn(2, I)
    state = cell.initial_state(2) if fresh else cell(torch.randn(2, 5, I))[1]
    y, (_, *rest) = cell.step(x, state)
    close((y, tuple(rest)), theirs(raw_of(cell, x, state[0]), state))


def test_the_state_of_a_fresh_row_depends_on_its_neighbour_there_and_not_here():
    cell, x = cell_with(-3.0), torch.randn(2, I)
    state = mixed(cell)
    first = tuple(member[:1] for member in state)
    y, final = cell.step(x, state)
    close((y[:1], tuple(member[:1] for member in final)), cell.step(x[:1], first))
    raw = raw_of(cell, x, state[0])
    beside, beside_state = theirs(raw, state)
    alone, alone_state = theirs(raw[:1], first)
    close((beside, alone), (y, y[:1]))  # the outputs are the same in either
    assert (beside_state[2][:1] - alone_state[2]).abs().min() > 0.1  # the stabiliser is not


def test_an_input_gate_far_below_is_finite_where_theirs_is_0_by_0():
    cell, x = cell_with(-150.0), torch.randn(2, I)
    state = mixed(cell)
    assert cell.step(x, state)[0].isfinite().all()
    assert theirs(raw_of(cell, x, state[0]), state)[0][0].isnan().all()
