"""Articles 003 and 004: digits as vectors; cells run by hand over 4 sentences of 80 words of 100 numbers, 64 units."""

import pytest
import torch
from tolerances import close

import rnnzoo
from rnnzoo.modules.embedding import Embedding

BATCH, STEPS, FEATURES, UNITS = 4, 80, 100, 64


@pytest.fixture
def x():
    return torch.randn(BATCH, STEPS, FEATURES)


def test_a_cell_s_output_is_its_state_the_same_object(x):
    cell = rnnzoo.RNN(FEATURES, UNITS).cells[0]
    out, (state,) = cell.step(x[:, 0], (torch.zeros(BATCH, UNITS),))
    assert out.shape == (BATCH, UNITS)
    assert out is state


def test_an_lstm_s_output_is_one_of_its_two_states(x):
    cell = rnnzoo.LSTM(FEATURES, UNITS).cells[0]
    out, (h, c) = cell.step(x[:, 0], cell.initial_state(BATCH))
    assert out is h
    assert c.shape == h.shape == (BATCH, UNITS)
    assert not torch.equal(h, c)


def test_two_cells_looped_over_the_words_are_the_stack_of_two_layers(x):
    stack = rnnzoo.RNN(FEATURES, UNITS, num_layers=2, batch_first=True)
    below, above = stack.cells
    state0, state1 = below.initial_state(BATCH), above.initial_state(BATCH)
    assert [tuple(member.shape) for member in (*state0, *state1)] == [(BATCH, UNITS)] * 2
    outputs = []
    for word in x.unbind(dim=1):
        out0, state0 = below.step(word, state0)
        out1, state1 = above.step(out0, state1)
        outputs.append(out1)
    output, last = stack(x)
    assert output.shape == (BATCH, STEPS, UNITS)
    assert last.shape == (2, BATCH, UNITS)
    close(torch.stack(outputs, dim=1), output, what="outputs")
    close(torch.stack([state0[0], state1[0]]), last, what="last states")


def test_the_loop_as_the_article_prints_it_is_not_the_network(x):
    """Its second cell is given one and the same output of the first cell at every step, that of the first word."""
    stack = rnnzoo.RNN(FEATURES, UNITS, num_layers=2, batch_first=True)
    below, above = stack.cells
    out, _ = below.step(x[:, 0], below.initial_state(BATCH))
    state1 = above.initial_state(BATCH)
    for _ in range(STEPS):
        out1, state1 = above.step(out, state1)
    assert (out1 - stack(x)[0][:, -1]).abs().max() > 0.1


def test_the_cell_has_the_parameters_of_the_article_s():
    """SimpleRNNCell(64) on 100 features: a kernel, a recurrent kernel and one bias."""
    cell = rnnzoo.RNN(FEATURES, UNITS, recurrent_bias=False).cells[0]
    assert sum(p.numel() for p in cell.parameters()) == FEATURES * UNITS + UNITS * UNITS + UNITS == 10_560


def test_look_up_is_one_hot_times_the_table():
    digits = torch.randint(10, (5, 7))
    look_up, one_hot = Embedding("tokens", 10, embedding_size=32), Embedding("tokens", 10, kind="one_hot")
    assert look_up(digits).shape == (5, 7, 32)
    assert one_hot(digits).shape == (5, 7, 10)
    assert torch.equal(one_hot(digits).sum(-1), torch.ones(5, 7))
    assert torch.equal(one_hot(digits) @ look_up.map.weight, look_up(digits))


def test_an_srn_on_vectors_looked_up_is_an_srn_on_one_hot_digits_with_the_table_in_its_weights():
    digits = torch.randint(10, (5, 7))
    look_up = Embedding("tokens", 10, embedding_size=32).double()
    one_hot = Embedding("tokens", 10, kind="one_hot").double()
    on_vectors = rnnzoo.RNN(32, 6, batch_first=True, dtype=torch.float64)
    on_digits = rnnzoo.RNN(10, 6, batch_first=True, dtype=torch.float64)
    weights = on_vectors.state_dict()
    on_digits.load_state_dict({**weights, "weight_ih_l0": weights["weight_ih_l0"] @ look_up.map.weight.detach().T})
    close(on_digits(one_hot(digits)), on_vectors(look_up(digits)), what="output and state")
