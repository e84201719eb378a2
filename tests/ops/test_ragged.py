"""Lengths are checked, padding is masked, and each row is reversed within its own length."""

import pytest
import torch

from rnnzoo.ops.ragged import check_lengths, mask, reverse_by_length, unless_full, where_rows, zero_padding


@pytest.mark.parametrize("lengths", [[1, 1, 1], [4, 1, 3], [4, 4, 4]])
def test_lengths_from_one_to_t_are_taken(lengths):
    check_lengths(torch.tensor(lengths), 3, 4)


@pytest.mark.parametrize(
    ("lengths", "error", "message"),
    [
        ([2, 3, 4], TypeError, "lengths: expected an int64 tensor.*got list"),
        (torch.tensor([2.0, 3.0, 4.0]), TypeError, "expected dtype torch.int64, got torch.float32"),
        (torch.tensor([2, 3, 4], dtype=torch.int32), TypeError, "expected dtype torch.int64, got torch.int32"),
        (torch.tensor([2, 3]), ValueError, r"expected shape \(3,\).*got \(2,\)"),
        (torch.tensor([[2], [3], [4]]), ValueError, r"expected shape \(3,\).*got \(3, 1\)"),
        (torch.tensor([2, 0, 4]), ValueError, "expected at least 1, got 0 in row 1"),
        (torch.tensor([2, 3, 5]), ValueError, "expected at most T = 4.*got 5 in row 2"),
    ],
)
def test_lengths_that_do_not_fit_are_named(lengths, error, message):
    with pytest.raises(error, match=message):
        check_lengths(lengths, 3, 4)


def test_mask_has_as_many_steps_as_the_length():
    assert mask(torch.tensor([1, 3, 2]), 3).tolist() == [[True, False, False], [True, True, True], [True, True, False]]


def test_padding_is_zeroed_and_takes_no_gradient():
    x = torch.randn(2, 3, 2).index_put((torch.tensor(0), torch.tensor(2)), torch.tensor(float("nan"))).requires_grad_()
    y = zero_padding(x, torch.tensor([2, 3]))
    assert torch.equal(y[0, :2], x[0, :2])
    assert torch.equal(y[1], x[1])
    assert (y[0, 2] == 0).all()
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert torch.equal(gradient, mask(torch.tensor([2, 3]), 3).unsqueeze(2).expand(2, 3, 2).float())


@pytest.mark.parametrize("tail", [(), (2,), (2, 3)])
def test_rows_are_reversed_within_their_length(tail):
    lengths = torch.tensor([1, 4, 2])
    x = torch.randn(3, 4, *tail)
    y = reverse_by_length(x, lengths)
    for row, length in enumerate(lengths):
        assert torch.equal(y[row, :length], x[row, :length].flip(0))
        assert torch.equal(y[row, length:], x[row, length:])
    assert torch.equal(reverse_by_length(y, lengths), x)


def test_without_lengths_whole_rows_are_reversed():
    x = torch.randn(3, 4, 2)
    assert torch.equal(reverse_by_length(x), x.flip(1))
    assert torch.equal(reverse_by_length(x), reverse_by_length(x, torch.tensor([4, 4, 4])))


def test_lengths_are_dropped_where_and_only_where_every_row_is_full():
    full, ragged = torch.tensor([4, 4, 4]), torch.tensor([4, 1, 4])
    assert unless_full(None, 3, 4) is None
    assert unless_full(full, 3, 4) is None
    assert unless_full(ragged, 3, 4) is ragged
    with pytest.raises(ValueError, match=r"expected at most T = 3"):
        unless_full(full, 3, 3)


@pytest.mark.parametrize("tail", [(), (2,), (2, 3)])
def test_chosen_rows_are_new_and_the_others_old(tail):
    new, old = torch.randn(3, *tail), torch.randn(3, *tail)
    assert torch.equal(where_rows(torch.tensor([True, False, True]), new, old), torch.stack([new[0], old[1], new[2]]))
