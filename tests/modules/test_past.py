"""Pasts of different lengths: their ends, what is known of the step behind each, and numbers that are missing."""

import torch

from rnnzoo.modules.past import ends_aligned, filled_forward, last_step, one_ahead

X = torch.tensor([[1.0, 2, 3, 4], [5, 6, -1, -1]])[..., None]
LENGTHS = torch.tensor([4, 2])


def test_the_last_step_is_a_rows_own():
    assert last_step(X, LENGTHS).tolist() == [[4], [6]]
    assert last_step(X, None).tolist() == [[4], [-1]]


def test_all_rows_end_together_and_a_short_one_begins_with_its_first_step():
    assert ends_aligned(X, LENGTHS)[..., 0].tolist() == [[1, 2, 3, 4], [5, 5, 5, 6]]
    assert ends_aligned(X, None) is X


def test_behind_the_last_of_a_rows_steps_comes_the_first_that_is_forecast():
    known = torch.arange(12.0).view(2, 6, 1)  # four steps of the past, two to come
    assert one_ahead(known, None, 4)[..., 0].tolist() == [[1, 2, 3, 4], [7, 8, 9, 10]]
    assert one_ahead(known, LENGTHS, 4)[1, :2, 0].tolist() == [7, 10]


def test_what_is_missing_is_the_number_before_it():
    targets = torch.tensor([[1.0, 9, 9, 4], [9, 9, 7, 9]])[..., None]
    there = torch.tensor([[1, 0, 0, 1], [0, 0, 1, 0]])[..., None].bool()
    found = filled_forward(targets, there, torch.tensor([[-1.0], [-2.0]]))
    assert found[..., 0].tolist() == [[1, 1, 1, 4], [-2, -2, 7, 7]]
