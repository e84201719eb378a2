"""Article 001: the shapes of its LSTM and GRU examples, and how many parameters each has."""

import pytest
import torch
from tolerances import close
from torch import nn

import rnnzoo

STEPS, BATCH, FEATURES, HIDDEN, LAYERS = 5, 3, 10, 20, 2
NAMES = ("LSTM", "GRU")


def example(name):
    states = tuple(torch.randn(LAYERS, BATCH, HIDDEN) for _ in range(2 if name == "LSTM" else 1))
    return torch.randn(STEPS, BATCH, FEATURES), states if name == "LSTM" else states[0]


def count(name, features=FEATURES, hidden=HIDDEN, layers=LAYERS):
    return sum(p.numel() for p in getattr(rnnzoo, name)(features, hidden, layers).parameters())


@pytest.mark.parametrize("name", NAMES)
def test_the_example_has_the_shapes_the_article_states(name):
    x, state = example(name)
    output, last = getattr(rnnzoo, name)(FEATURES, HIDDEN, LAYERS)(x, state)
    assert output.shape == (STEPS, BATCH, HIDDEN)
    for member in last if name == "LSTM" else (last,):
        assert member.shape == (LAYERS, BATCH, HIDDEN)


@pytest.mark.parametrize("name", NAMES)
def test_the_example_gives_what_torch_gives_with_its_weights(name):
    theirs, ours = getattr(nn, name)(FEATURES, HIDDEN, LAYERS), getattr(rnnzoo, name)(FEATURES, HIDDEN, LAYERS)
    ours.load_state_dict(theirs.state_dict())
    given = example(name)
    close(ours(*given), theirs(*given), what=name)


@pytest.mark.parametrize("name", NAMES)
def test_batch_first_concerns_input_and_output_and_not_the_states(name):
    x, state = example(name)
    one = getattr(rnnzoo, name)(FEATURES, HIDDEN, LAYERS)
    other = getattr(rnnzoo, name)(FEATURES, HIDDEN, LAYERS, batch_first=True)
    other.load_state_dict(one.state_dict())
    (y, last), (y_first, last_first) = one(x, state), other(x.transpose(0, 1), state)
    assert y_first.shape == (BATCH, STEPS, HIDDEN)
    close(y_first.transpose(0, 1), y, what="output")
    close(last_first, last, what="state")


@pytest.mark.parametrize("blocks", [("LSTM", 4), ("GRU", 3), ("RNN", 1)], ids=lambda blocks: blocks[0])
@pytest.mark.parametrize("sizes", [(10, 20, 2), (1, 1, 1), (7, 5, 3)], ids=str)
def test_parameters_are_a_block_of_weights_and_biases_for_each_product(blocks, sizes):
    name, products = blocks
    features, hidden, layers = sizes
    widths = [features] + [hidden] * (layers - 1)
    assert count(name, *sizes) == sum(products * hidden * (width + hidden + 2) for width in widths)


def test_a_gru_has_a_quarter_fewer_parameters_than_an_lstm_not_a_third_as_the_article_says():
    lstm, gru = count("LSTM"), count("GRU")
    assert (lstm, gru) == (5920, 4440)
    assert 4 * (lstm - gru) == lstm
    assert 3 * (lstm - gru) == gru  # the third is of the GRU's: what the LSTM has more
