"""Locked dropout against its definition: one mask a row and channel, for all steps, drawn anew for every batch."""

import pytest
import torch

from rnnzoo.modules.locked_dropout import LockedDropout

B, T, I = 64, 9, 50


def dropped(p, seed=0):
    torch.manual_seed(seed)
    return LockedDropout(p)(torch.ones(B, T, I))


def test_all_steps_of_a_row_share_one_mask():
    y = dropped(0.3)
    assert y.equal(y[:, :1].expand(B, T, I))


def test_rows_and_channels_have_masks_of_their_own():
    mask = dropped(0.3)[:, 0] > 0  # (B, I)
    assert len({tuple(row) for row in mask.tolist()}) == B
    assert len({tuple(column) for column in mask.T.tolist()}) == I


def test_every_call_draws_another_mask():
    dropout, x = LockedDropout(0.3), torch.ones(B, T, I)
    assert not dropout(x).equal(dropout(x))


def test_kept_entries_are_scaled_so_that_the_mean_stays():
    p = 0.2
    y = dropped(p)
    values = y.unique()
    torch.testing.assert_close(values, torch.tensor([0.0, 1 / (1 - p)]))
    independent = B * I  # steps repeat one mask
    deviation = (p / (1 - p) / independent) ** 0.5
    assert abs(y.mean().item() - 1) < 4 * deviation


def test_in_evaluation_nothing_changes():
    x = torch.randn(B, T, I)
    assert LockedDropout(0.5).eval()(x) is x


@pytest.mark.parametrize("p", [1.0, -0.1])
def test_what_is_no_share_is_refused(p):
    with pytest.raises(ValueError, match="expected 0 to below 1"):
        LockedDropout(p)
