"""FastRNN, FastGRNN and MiRU: bounds, shared weights, low ranks, and how their authors start them."""

import math

import pytest
import torch
from classics import B, H, I, randoms, wild
from tolerances import close

from rnnzoo import gate_values
from rnnzoo.laws import small_cell
from rnnzoo.layers.fast_grnn import FastGRNN
from rnnzoo.layers.fast_rnn import FastRNN
from rnnzoo.layers.miru1 import MiRU1
from rnnzoo.layers.miru2 import MiRU2
from rnnzoo.layers.srn import SRN
from rnnzoo.registry import LAYERS


@pytest.mark.parametrize("alpha", [-3.0, 0.0, 2.0])
def test_fastrnn_whose_weights_sum_to_one_exceeds_neither_one_nor_its_start(alpha):
    cell = wild(FastRNN(I, H))
    with torch.no_grad():
        cell.alpha.fill_(alpha)
        cell.beta.fill_(-alpha)  # sigmoid(-a) = 1 - sigmoid(a)
    for start in (0.0, 4.0):
        y, _ = cell(randoms(B, 200, I, scale=5.0), (torch.full((B, H), start, dtype=torch.float64),))
        assert y.abs().max() <= max(1.0, start)
    with torch.no_grad():
        cell.alpha.fill_(2.0)
        cell.beta.fill_(2.0)
    y, _ = cell(randoms(B, 200, I, scale=5.0))
    assert y.abs().max() > 1.5  # where they sum to more, it does


def test_the_fast_cells_start_as_their_authors_start_them():
    rnn, grnn = FastRNN(100, 200), FastGRNN(100, 200)
    values = {"alpha": -3.0, "beta": 3.0, "bias_ih": 1.0, "bias_hh": 0.0}
    for cell, scalars in ((rnn, values), (grnn, {"zeta": 1.0, "nu": -4.0, "bias_z": 1.0, "bias_h": 1.0})):
        for name, value in scalars.items():
            assert (getattr(cell, name) == value).all(), name
        for weight in (cell.weight_ih, cell.weight_hh):
            assert float(weight.detach().std()) == pytest.approx(0.1, rel=0.05)


def test_the_gate_and_the_candidate_of_fastgrnn_are_one_sum_seen_through_two_functions():
    cell = small_cell(LAYERS.entry("fast_grnn"))
    shown = gate_values(cell, randoms(B, 6, I)).gates
    gate = torch.logit(shown["update"]) - cell.bias_z
    close(torch.atanh(shown["candidate"]).detach(), (gate + cell.bias_h).detach())


def test_a_product_of_low_rank_is_the_full_matrix_it_multiplies_out_to():
    low = FastGRNN(I, H, input_rank=2, recurrent_rank=2, dtype=torch.float64)
    full = FastGRNN(I, H, dtype=torch.float64)
    weights = {name: value for name, value in low.state_dict().items() if not name.startswith("weight")}
    weights |= {name: getattr(low, name) @ getattr(low, f"{name}_low") for name in ("weight_ih", "weight_hh")}
    full.load_state_dict(weights)
    x = randoms(B, 6, I)
    close(low(x)[0].detach(), full(x)[0].detach())


def test_miru2_whose_coefficients_do_nothing_is_the_simple_recurrent_network():
    cell = MiRU2(I, H, update_coefficient=0.0, reset_coefficient=1.0, dtype=torch.float64)
    srn = SRN(I, H, dtype=torch.float64)
    srn.load_state_dict(cell.state_dict())
    x, h = randoms(B, 6, I), randoms(B, H)
    close(cell(x, (h,))[0].detach(), srn(x, (h,))[0].detach())


def test_miru1_whose_reset_gate_is_a_constant_is_miru2():
    one = MiRU1(I, H, update_coefficient=0.4, dtype=torch.float64)
    two = MiRU2(I, H, update_coefficient=0.4, reset_coefficient=0.25, dtype=torch.float64)
    with torch.no_grad():
        for parameter in one.parameters():
            parameter[:H] = 0.0
        one.bias_ih[:H] = math.log(0.25 / 0.75)
    two.load_state_dict({name: value[H:] for name, value in one.state_dict().items()})
    x, h = randoms(B, 6, I), randoms(B, H)
    close(one(x, (h,))[0].detach(), two(x, (h,))[0].detach())
