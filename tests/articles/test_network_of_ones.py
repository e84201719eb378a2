"""Article 002: all weights 1, all biases 0; the oracle computes with Python's integers, every weight written out."""

import math

import pytest
import torch

import rnnzoo

WORDS = {"我": (1, 1), "去": (2, 2), "离开": (3, 3), "郑州": (4, 4)}
TO, FROM = ("我", "去", "郑州"), ("我", "离开", "郑州")


def by_hand(sentence, hidden=2, outputs=2, squash=lambda value: value):
    """The states and outputs of every step."""
    W, U, V = [[1, 1]] * hidden, [[1] * hidden] * hidden, [[1] * hidden] * outputs
    h, states, given = [0] * hidden, [], []
    for word in sentence:
        x = WORDS[word]
        h = [
            squash(sum(w * v for w, v in zip(W[j], x, strict=True)) + sum(u * v for u, v in zip(U[j], h, strict=True)))
            for j in range(hidden)
        ]
        states.append(h)
        given.append([sum(w * v for w, v in zip(row, h, strict=True)) for row in V])
    return states, given


def network(sentence, hidden=2, nonlinearity="relu", dtype=torch.float64):
    layer = rnnzoo.RNN(2, hidden, nonlinearity=nonlinearity, dtype=dtype)
    output = torch.nn.Linear(hidden, 2, dtype=dtype)
    for module in (layer, output):
        for name, parameter in module.named_parameters():
            torch.nn.init.constant_(parameter, 0.0 if "bias" in name else 1.0)
    x = torch.tensor([WORDS[word] for word in sentence], dtype=dtype)  # (T, 2)
    with torch.no_grad():
        h, last = layer(x)
        return h, last, output(h)


def test_the_numbers_by_hand():
    assert by_hand(TO) == ([[2, 2], [8, 8], [24, 24]], [[4, 4], [16, 16], [48, 48]])
    assert by_hand(FROM) == ([[2, 2], [10, 10], [28, 28]], [[4, 4], [20, 20], [56, 56]])


@pytest.mark.parametrize("hidden", [1, 2, 3, 5])
@pytest.mark.parametrize("sentence", [TO, FROM], ids=" ".join)
def test_the_network_without_squashing_gives_exactly_the_numbers_by_hand(sentence, hidden):
    h, last, output = network(sentence, hidden)
    states, outputs = by_hand(sentence, hidden)
    assert h.tolist() == states
    assert last.tolist() == [states[-1]]
    assert output.tolist() == outputs


@pytest.mark.parametrize("hidden", [1, 2, 3, 5])
def test_the_last_word_is_told_apart_by_the_word_before_it_at_every_width(hidden):
    (*_, to), (*_, off) = by_hand(TO, hidden)[0], by_hand(FROM, hidden)[0]
    assert [b - a for a, b in zip(to, off, strict=True)] == [2 * hidden] * hidden  # 离开 - 去, through U once


def test_the_state_holds_the_order_but_sentences_can_share_it():
    turned = network(("去", "我", "郑州"))[0][-1]
    assert turned.tolist() != network(TO)[0][-1].tolist()
    assert turned.tolist() == network(FROM)[0][-1].tolist() == [28.0, 28.0]


def test_tanh_leaves_next_to_nothing_of_the_difference_and_in_single_precision_nothing():
    for sentence in (TO, FROM):
        expected = torch.tensor(by_hand(sentence, squash=math.tanh)[0], dtype=torch.float64)
        torch.testing.assert_close(network(sentence, nonlinearity="tanh")[0], expected, rtol=0, atol=1e-15)
    single = [network(sentence, nonlinearity="tanh", dtype=torch.float32)[0][-1] for sentence in (TO, FROM)]
    double = [network(sentence, nonlinearity="tanh")[0][-1] for sentence in (TO, FROM)]
    assert torch.equal(*single)
    # tanh a = 1 - 2 exp(-2a) + ...: the states at 郑州 differ by 4 exp(-2 * 10) times the difference of their sums
    before = 2 * (2 * math.exp(-2 * (4 + 2 * math.tanh(2))) - 2 * math.exp(-2 * (6 + 2 * math.tanh(2))))
    apart = float((double[1] - double[0]).max())
    assert apart == pytest.approx(4 * math.exp(-20) * before, rel=0.01)
