"""Every pooling sees each row's own steps and nothing else."""

import pytest
import torch

from rnnzoo.modules.pooling import POOLINGS, Attention, create_pooling
from rnnzoo.registry import UnknownName

LENGTHS = torch.tensor([5, 1, 3])


@pytest.fixture(autouse=True)
def double():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("name", POOLINGS)
def test_padding_changes_nothing_whatever_stands_there(name, directions):
    pooling = create_pooling(name, 4, directions)
    x = torch.randn(3, 5, 4)
    alone = [pooling(x[i : i + 1, :n]) for i, n in enumerate(LENGTHS.tolist())]
    for i, n in enumerate(LENGTHS.tolist()):
        x[i, n:] = torch.nan
    torch.testing.assert_close(pooling(x, LENGTHS), torch.cat(alone), rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", POOLINGS)
def test_no_gradient_reaches_the_padding(name):
    pooling = create_pooling(name, 4)
    x = torch.randn(3, 5, 4, requires_grad=True)
    pooling(x, LENGTHS).square().sum().backward()
    steps = torch.arange(5)[None, :, None].expand(3, 5, 4)
    padding = steps >= LENGTHS[:, None, None]
    assert x.grad[padding].abs().max() == 0
    assert (x.grad[~padding] != 0).any()


@pytest.mark.parametrize("name", POOLINGS)
def test_full_lengths_are_no_lengths(name):
    pooling = create_pooling(name, 4, 2)
    x = torch.randn(3, 5, 4)
    torch.testing.assert_close(pooling(x, torch.full((3,), 5)), pooling(x), rtol=0, atol=1e-14)


def test_last_takes_each_direction_where_it_ends():
    x = torch.arange(2 * 3 * 4.0).reshape(2, 3, 4)
    pooled = create_pooling("last", 4, 2)(x, torch.tensor([2, 3]))
    assert pooled.tolist() == [[4.0, 5.0, 2.0, 3.0], [20.0, 21.0, 14.0, 15.0]]


def test_mean_and_max_are_over_the_true_length():
    x = torch.tensor([[[1.0], [2.0], [-9.0]], [[-4.0], [-2.0], [-3.0]]])
    lengths = torch.tensor([2, 3])
    assert create_pooling("mean", 1)(x, lengths).tolist() == [[1.5], [-3.0]]
    assert create_pooling("max", 1)(x, lengths).tolist() == [[2.0], [-2.0]]


def test_attention_weights_are_a_distribution_over_the_row():
    attention = Attention(4)
    a = attention.weights(torch.randn(3, 5, 4), LENGTHS)
    torch.testing.assert_close(a.sum(dim=1), torch.ones(3))
    assert a[1].tolist() == [1, 0, 0, 0, 0]
    assert (a[2, 3:] == 0).all()


def test_attention_without_a_preference_is_the_mean():
    attention = Attention(4)
    torch.nn.init.zeros_(attention.query)
    x = torch.randn(3, 5, 4)
    torch.testing.assert_close(attention(x, LENGTHS), create_pooling("mean", 4)(x, LENGTHS))


def test_attention_goes_to_the_step_that_the_query_asks_for():
    attention = Attention(2)
    with torch.no_grad():
        attention.key.weight.copy_(torch.eye(2))
        attention.key.bias.zero_()
        attention.query.copy_(torch.tensor([100.0, 0.0]))
    x = torch.tensor([[[0.0, 7.0], [2.0, 3.0], [-1.0, 5.0]]])
    torch.testing.assert_close(attention(x), torch.tensor([[2.0, 3.0]]))


def test_an_unknown_pooling_has_near_misses():
    with pytest.raises(UnknownName, match="did you mean attention"):
        create_pooling("atention", 4)
