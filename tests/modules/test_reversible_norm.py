"""Normalisation that is undone: by its own inverse exactly, and by the paper's equations."""

import pytest
import torch
from tolerances import close

from rnnzoo.modules.reversible_norm import NORMS, ReversibleNorm
from rnnzoo.registry import UnknownName

PAST = torch.randn(3, 7, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 5 + 3


def learned(kind):
    norm = ReversibleNorm(kind, 2).double()
    for parameter in norm.parameters():
        torch.nn.init.normal_(parameter, mean=0.5, generator=torch.Generator().manual_seed(1))
    return norm


@pytest.mark.parametrize("kind", NORMS)
@pytest.mark.parametrize("lengths", [None, torch.tensor([7, 3, 1])])
def test_it_inverts_itself(kind, lengths):
    place = learned(kind)(PAST, lengths)
    close(place.leave(place.enter(PAST)), PAST)


def test_revin_is_that_of_the_paper():
    norm = learned("revin")
    mean, variance = PAST.mean(dim=1, keepdim=True), PAST.var(dim=1, keepdim=True, unbiased=False)
    close(norm(PAST).enter(PAST), norm.weight * (PAST - mean) / (variance + 1e-5).sqrt() + norm.bias)


def test_a_revin_window_has_mean_0_and_deviation_1_whatever_its_units_are():
    norm = ReversibleNorm("revin", 2, eps=0.0).double()
    shifted = PAST * 1000 - 77
    close(norm(PAST).enter(PAST), norm(shifted).enter(shifted))
    close(norm(PAST).enter(PAST).mean(dim=1), torch.zeros(3, 2, dtype=torch.float64))


@pytest.mark.parametrize("kind", NORMS)
def test_what_stands_behind_a_rows_end_counts_for_nothing(kind):
    lengths, norm = torch.tensor([4, 7, 2]), learned(kind)
    other = PAST.clone()
    other[0, 4:] = 1e6
    other[2, 2:] = -1e6
    close(norm(other, lengths), norm(PAST, lengths))
    close(norm(PAST, lengths).location[0], norm(PAST[:1, :4]).location[0])


def test_last_and_mean_scale_are_what_they_say():
    close(ReversibleNorm("last", 2)(PAST).enter(PAST)[:, -1], torch.zeros(3, 2, dtype=torch.float64))
    close(ReversibleNorm("mean_scale", 2)(PAST).scale[:, 0], 1 + PAST.abs().mean(dim=1))


def test_an_unknown_one_is_refused():
    with pytest.raises(UnknownName, match="did you mean revin"):
        ReversibleNorm("revim", 2)
