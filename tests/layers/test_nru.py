"""The non-saturating recurrent unit: a memory that is permanent and moves by what its heads give."""

import pytest
import torch
from classics import B, H, I, randoms, wild
from tolerances import close

from rnnzoo.layers.nru import NRU


def test_the_memory_of_nru_is_permanent_while_nothing_is_written_or_erased():
    cell = NRU(I, H, memory_size=8, heads=2, dtype=torch.float64)
    with torch.no_grad():
        for parameter in (cell.weight_hh_2, cell.weight_hh_3, cell.bias_hh_3):
            parameter[:4] = 0.0  # alpha and beta
    m = randoms(B, 8)
    y, (_, final) = cell(randoms(B, 300, I), (randoms(B, H), m))
    assert torch.equal(final, m)
    assert y.abs().max() > 0


@pytest.mark.parametrize("relu", [False, True])
def test_the_memory_of_nru_moves_by_no_more_than_its_heads_strengths(relu):
    cell = wild(NRU(I, H, memory_size=8, heads=2, relu=relu), scale=0.4)
    x, (h, m) = randoms(B, 12, I), cell(randoms(B, 3, I))[1]
    for t in range(12):
        _, (h, after) = cell.step(x[:, t], (h, m))
        strengths = (m @ cell.weight_hh_2.T + h @ cell.weight_hh_3.T + cell.bias_hh_3)[:, :4]
        strengths = strengths.relu() if relu else strengths.abs()
        moved = torch.linalg.vector_norm(after - m, ord=5, dim=1)
        assert (moved <= strengths.sum(1) + 1e-12).all()
        m = after


def test_the_mean_over_the_heads_of_nru_is_their_sum_with_weaker_heads():
    summed = NRU(I, H, memory_size=8, heads=2, dtype=torch.float64)
    mean = NRU(I, H, memory_size=8, heads=2, mean=True, dtype=torch.float64)
    mean.load_state_dict(summed.state_dict())
    with torch.no_grad():
        for parameter in (mean.weight_hh_2, mean.weight_hh_3, mean.bias_hh_3):
            parameter[:4] *= 2
    x = randoms(B, 6, I)
    close(mean(x)[0].detach(), summed(x)[0].detach())
