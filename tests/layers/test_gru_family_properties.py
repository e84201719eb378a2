"""The GRU's family: what its papers say of it, and which cell is a case of which."""

import math

import pytest
import torch
from layers.noisy import build
from tolerances import close

from rnnzoo import gate_values
from rnnzoo.laws import small_cell
from rnnzoo.laws.law import example
from rnnzoo.layers.atr import ATR
from rnnzoo.layers.gru import GRU
from rnnzoo.layers.intersection_rnn import IntersectionRNN
from rnnzoo.layers.mgu import MGU
from rnnzoo.layers.mgu1 import MGU1
from rnnzoo.layers.mgu2 import MGU2
from rnnzoo.layers.mgu3 import MGU3
from rnnzoo.layers.ugrnn import UGRNN
from rnnzoo.registry import LAYERS

I, H = 3, 4


def test_the_state_of_janet_stays_below_the_exponential_of_beta_and_comes_near_it():
    for beta in (0.0, 1.0, 2.0):
        cell = build("janet", beta=beta)
        x = 10 * torch.randn(3, 60, I, dtype=torch.float64)
        assert cell(x)[0].abs().max() <= math.exp(beta)
        with torch.no_grad():
            for parameter in cell.parameters():
                parameter.zero_()
            cell.bias_ih[:H], cell.bias_ih[H:] = 6.0, 50.0  # a gate that keeps, a candidate of 1
            assert cell(torch.zeros(1, 3000, I, dtype=torch.float64))[0][0, -1].min() > 0.98 * math.exp(beta)


def test_janet_without_beta_is_the_update_gate_network():
    janet, ugrnn = build("janet", beta=0.0), build("ugrnn")
    ugrnn.load_state_dict(janet.state_dict())
    x, state = example(janet)
    close(janet(x, state), ugrnn(x, state))
    other = build("janet")
    other.load_state_dict(janet.state_dict())
    assert (other(x, state)[0] - ugrnn(x, state)[0]).abs().max() > 1e-2


def test_the_minimal_gated_unit_is_a_gru_whose_two_gates_are_one():
    mgu, gru = build("mgu"), GRU(I, H, reset_after=False, dtype=torch.float64)
    with torch.no_grad():
        for name, parameter in gru.named_parameters():
            f, n = getattr(mgu, name).chunk(2)
            parameter.copy_(torch.cat([f, -f, n]))  # r = f, and what a GRU keeps, z, is 1 - f
    x, state = example(mgu)
    close(mgu(x, state), gru(x, state))


@pytest.mark.parametrize(("variant", "cut"), [(MGU1, "input"), (MGU2, "input bias"), (MGU3, "input state")])
def test_a_variant_is_the_minimal_gated_unit_whose_gate_has_lost_those_weights(variant, cut):
    mgu, cell = build("mgu"), variant(I, H, dtype=torch.float64)
    with torch.no_grad():
        mgu.bias_hh[:H] = 0
        for parameter, name in ((mgu.weight_ih, "input"), (mgu.bias_ih, "bias"), (mgu.weight_hh, "state")):
            if name in cut:
                parameter[:H] = 0
        cell.weight_ih.copy_(mgu.weight_ih[H:])
        cell.weight_hh.copy_(mgu.weight_hh[-len(cell.weight_hh) :])
        cell.bias_ih.copy_(mgu.bias_ih[H:])
        cell.bias_hh.copy_(mgu.bias_hh[H:])
        if variant is not MGU2:
            cell.b_f.copy_(mgu.bias_ih[:H])
    x, state = example(mgu)
    close(cell(x, state), mgu(x, state))


def test_the_variants_save_the_weights_the_paper_says():
    weights = {
        cell: sum(p.numel() for p in cell(I, H, recurrent_bias=False).parameters()) for cell in (MGU, MGU1, MGU2)
    }
    weights[MGU3] = sum(p.numel() for p in MGU3(I, H, recurrent_bias=False).parameters())
    assert weights[MGU] == 2 * (I * H + H * H + H)
    assert [weights[MGU] - weights[cell] for cell in (MGU1, MGU2, MGU3)] == [I * H, I * H + H, I * H + H * H]


def test_the_cell_of_a_recurrent_additive_network_is_the_sum_of_its_contents_weighted_by_its_gates():
    cell = build("ran")
    x, (h, c) = example(cell, time=6)
    gates, states = gate_values(cell, x, (h, c))
    content = x @ cell.weight_ih[:H].T  # (B, T, H), linear: no bias, no state
    kept = torch.ones_like(c)  # the product of the forget gates after a step
    total = torch.zeros_like(c)
    for t in reversed(range(6)):
        weight = kept * gates["input"][:, t]
        assert 0 < weight.min() <= weight.max() < 1
        total = total + weight * content[:, t]
        kept = kept * gates["forget"][:, t]
    close(states["cell"][:, -1], total + kept * c)


def test_the_output_of_a_recurrent_additive_network_is_its_cell_or_the_tanh_of_it():
    for nonlinearity, function in {"tanh": torch.tanh, "identity": lambda c: c}.items():
        cell = build("ran", nonlinearity=nonlinearity)
        x, state = example(cell)
        y, (h, c) = cell(x, state)
        close((y[:, -1], h), (function(c), function(c)))


def test_the_twin_gates_are_the_sum_and_the_difference_of_two_products():
    cell = build("atr")
    x, state = example(cell)
    gates, states = gate_values(cell, x, state)
    before = torch.cat([state[0].unsqueeze(1), states["hidden"][:, :-1]], 1)
    p, q = x @ cell.weight_ih.T, before @ cell.weight_hh.T + cell.bias_hh
    total, difference = (torch.logit(gates["input"]) + sign * torch.logit(gates["forget"]) for sign in (1, -1))
    close((total, difference, gates["candidate"]), (2 * p, 2 * q, p))


def test_the_twin_gated_network_has_fewer_weights_than_any_other_with_a_gate():
    def weights(cell):
        return sum(p.numel() for name, p in cell.named_parameters() if name.startswith("weight"))

    assert weights(ATR(I, H)) == I * H + H * H
    others = ["mgu", "mgu1", "mgu2", "lightru", "minimal_rnn", "ugrnn", "ran", "mut1", "gru", "lstm"]
    assert all(weights(small_cell(LAYERS.entry(name))) > weights(ATR(I, H)) for name in others)


@pytest.mark.parametrize("name", ["lightru", "minimal_rnn"])
def test_a_candidate_of_the_input_alone_does_not_see_the_state(name):
    cell = build(name)
    x, (h,) = example(cell)
    one, other = (gate_values(cell, x, (state,)).gates for state in (h, -h))
    close(one["candidate"], other["candidate"])
    gate = next(gate for gate in one if gate != "candidate")
    assert (one[gate] - other[gate]).abs().max() > 1e-2


def test_the_update_gate_of_the_first_mutant_does_not_see_the_state():
    cell = build("mut1")
    x, (h,) = example(cell)
    one, other = (gate_values(cell, x, (state,)).gates for state in (h, -h))
    close(one["update"], other["update"])
    assert (one["reset"] - other["reset"]).abs().max() > 1e-2


def test_the_second_mutant_on_a_projected_input_is_a_gru():
    mutant, gru = build("mut2"), GRU(I, H, reset_after=False, dtype=torch.float64)
    with torch.no_grad():
        for name, parameter in gru.named_parameters():
            blocks = getattr(mutant, name).chunk(3)
            z, r, n = (blocks[0], blocks[2], blocks[1]) if name == "weight_ih" else blocks
            parameter.copy_(torch.cat([r, -z, n]))
    x, state = example(mutant)
    close(mutant(x, state), gru(x, state))


def test_open_gates_of_an_intersection_network_pass_the_input_up_and_the_state_on():
    cell = IntersectionRNN(H, H, forget_bias=50.0, dtype=torch.float64)
    x, h = torch.randn(2, 6, H, dtype=torch.float64), torch.randn(2, H, dtype=torch.float64)
    y, (final,) = cell(x, (h,))
    close((y, final), (x, h))


def test_an_open_gate_of_an_update_gate_network_keeps_the_state():
    x, h = torch.randn(2, 6, I, dtype=torch.float64), torch.randn(2, H, dtype=torch.float64)
    close(UGRNN(I, H, forget_bias=50.0, dtype=torch.float64)(x, (h,))[1], (h,))
    assert (UGRNN(I, H, dtype=torch.float64)(x, (h,))[1][0] - h).abs().max() > 0.1


def test_layer_norm_does_not_feel_what_is_added_to_all_rows_of_a_matrix_nor_its_scale():
    cell, other = build("layer_norm_gru"), build("layer_norm_gru")
    with torch.no_grad():
        cell.weight_ih.mul_(1e4)  # so that the norm's epsilon is nothing
        cell.weight_hh.mul_(1e6)
    other.load_state_dict(cell.state_dict())
    with torch.no_grad():
        other.weight_ih[: 2 * H] += 1e4 * torch.randn(I)
        other.weight_ih[2 * H :] += 1e4 * torch.randn(I)
        other.weight_hh[2 * H :] *= 3
        other.weight_hh[: 2 * H] *= 5
    x, state = example(cell, time=4)
    torch.testing.assert_close(other(x, state)[0], cell(x, state)[0], rtol=1e-7, atol=1e-7)
    with torch.no_grad():
        other.weight_hh[:H] += 1e6  # the gates are normalised together: to one gate alone it matters
    assert (other(x, state)[0] - cell(x, state)[0]).abs().max() > 1e-3
