"""Where states go and stay: CFN fades, nBRC latches, STAR, SGRN, MiRU, RHN, SGU and DSGU keep within bounds."""

import math

import pytest
import torch
from classics import B, H, I, randoms, wild, zeros
from tolerances import close

from rnnzoo import gate_values
from rnnzoo.layers.cfn import CFN
from rnnzoo.layers.nbrc import NBRC
from rnnzoo.layers.sgu import SGU
from rnnzoo.registry import LAYERS


def test_without_input_every_unit_of_cfn_shrinks_in_each_step_whatever_the_weights():
    for _ in range(5):
        cell = wild(CFN(I, H), scale=5.0)
        with torch.no_grad():
            cell.bias_ih[2 * H :] = 0.0  # the paper's candidate has none
        h = randoms(B, H, scale=10.0)
        y, _ = cell(zeros(40), (h,))
        sizes = torch.cat([h.unsqueeze(1), y], 1).abs()  # (B, 1 + T, H)
        moving = sizes[:, :-1] > 1e-200  # below it a closed gate has shrunk it beyond what floats can tell
        assert (sizes[:, 1:] < sizes[:, :-1])[moving].all()


def test_without_input_cfn_has_no_attractor_but_zero():
    cell = wild(CFN(I, H))
    with torch.no_grad():
        cell.bias_ih[:H], cell.bias_ih[2 * H :], cell.weight_hh[:H], cell.bias_hh[:H] = 40.0, 0.0, 0.0, 0.0
    y, _ = cell(zeros(2000), (randoms(B, H),))
    # the slowest way down there is: with the gate quite open h' = tanh(h), so that 1 / h^2 grows by 2/3 in a step
    assert y[:, -1].abs().max() < 1.01 * math.sqrt(3 / (2 * 2000))
    assert y[:, -1].abs().min() > 0


@pytest.mark.parametrize(
    ("name", "bound"), [("star", math.tanh(1)), ("nbrc", 1), ("sgrn", 1), ("miru1", 1), ("miru2", 1), ("rhn", 1)]
)
def test_the_state_stays_within_its_bound_and_goes_that_far(name, bound):
    for seed in range(3):
        torch.manual_seed(seed)
        cell = wild(LAYERS.entry(name).target(I, H), scale=3.0)
        y, _ = cell(randoms(B, 60, I, scale=4.0))
        assert 0.9 * bound < y.abs().max() <= bound


def test_the_state_of_star_returns_within_its_bounds_in_one_step():
    y, _ = wild(LAYERS.entry("star").target(I, H))(randoms(B, 1, I), (randoms(B, H, scale=3.0),))
    assert y.abs().max() <= 1


def test_the_state_of_sgu_never_falls_below_zero_and_that_of_dsgu_stays_between_zero_and_one():
    for name in ("sgu", "dsgu"):
        y, _ = wild(LAYERS.entry(name).target(I, H))(randoms(B, 60, I))
        assert y.min() >= 0
        assert name == "sgu" or y.max() <= 1


def test_the_candidate_of_sgu_with_the_gate_shut_is_the_softplus_of_zero():
    cell = SGU(I, H, bias=False, dtype=torch.float64)
    h = randoms(B, H).abs()
    shown = gate_values(cell, zeros(1), (h,)).gates
    close(shown["modulation"].detach(), torch.zeros(B, 1, H, dtype=torch.float64))
    close(shown["candidate"].detach(), torch.full((B, 1, H), math.log(2), dtype=torch.float64))


def bistable(feedback, update=0.3):
    """An NBRC whose feedback a is this number for every unit whatever happens, and whose c is ``update``."""
    cell = NBRC(I, H, dtype=torch.float64)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.zero_()
        cell.weight_ih[2 * H :].normal_()
        cell.bias_ih[:H], cell.bias_ih[H : 2 * H] = math.atanh(feedback - 1), math.log(update / (1 - update))
    return cell


def fixed_point(feedback):
    """The positive solution of h = tanh(a h), by bisection; there is one where a > 1."""
    low, high = 1e-9, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if math.tanh(feedback * middle) > middle else (low, middle)
    return low


@pytest.mark.parametrize("feedback", [1.3, 1.7])
def test_a_unit_of_nbrc_with_feedback_above_one_latches_on_to_the_side_it_was_on(feedback):
    h = randoms(B, H)
    y, _ = bistable(feedback)(zeros(400), (h,))
    close(y[:, -1].detach(), h.sign() * fixed_point(feedback))


@pytest.mark.parametrize("feedback", [0.4, 0.9])
def test_a_unit_of_nbrc_with_feedback_below_one_forgets(feedback):
    y, _ = bistable(feedback)(zeros(400), (randoms(B, H),))
    assert y[:, -1].abs().max() < 1e-9


def test_a_latched_nbrc_changes_sides_only_for_a_strong_input():
    cell, rest = bistable(1.5, update=0.5), fixed_point(1.5)
    with torch.no_grad():
        cell.weight_ih[2 * H :] = 1.0
    for strength, side in ((0.05, 1.0), (2.0, -1.0)):
        x = zeros(400)
        x[:, :5] = -strength / I
        y, _ = cell(x, (torch.full((B, H), rest, dtype=torch.float64),))
        close(y[:, -1].detach(), torch.full((B, H), side * rest, dtype=torch.float64))
