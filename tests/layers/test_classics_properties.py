"""What the papers of the classic, searched and small cells promise, and how the authors start them."""

import math

import pytest
import torch
from tolerances import close

from rnnzoo import gate_values
from rnnzoo.laws import small_cell
from rnnzoo.layers.cfn import CFN
from rnnzoo.layers.fast_grnn import FastGRNN
from rnnzoo.layers.fast_rnn import FastRNN
from rnnzoo.layers.irnn import IRNN
from rnnzoo.layers.jordan import Jordan
from rnnzoo.layers.miru1 import MiRU1
from rnnzoo.layers.miru2 import MiRU2
from rnnzoo.layers.nas import NAS
from rnnzoo.layers.nbrc import NBRC
from rnnzoo.layers.nru import NRU
from rnnzoo.layers.rhn import RHN
from rnnzoo.layers.scrn import SCRN
from rnnzoo.layers.sgu import SGU
from rnnzoo.layers.srn import SRN
from rnnzoo.registry import LAYERS

I, H, B = 3, 5, 4


def randoms(*shape, scale=1.0):
    return scale * torch.randn(*shape, dtype=torch.float64)


def wild(cell, scale=2.0):
    """The cell with large random weights."""
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.normal_(std=scale)
    return cell.double()


def zeros(steps):
    return torch.zeros(B, steps, I, dtype=torch.float64)


# IRNN


def test_irnn_keeps_a_state_for_ever_without_input_and_its_gradient():
    cell, h = IRNN(I, H).double(), randoms(B, H).abs().requires_grad_()
    y, (final,) = cell(zeros(300), (h,))
    assert torch.equal(final, h)
    assert torch.equal(y, h.unsqueeze(1).expand_as(y))
    (grad,) = torch.autograd.grad(final.sum(), h)
    assert torch.equal(grad, torch.ones_like(h))


def test_irnn_with_a_small_identity_forgets_at_its_rate():
    h = randoms(B, H).abs()
    close(IRNN(I, H, alpha=0.5).double()(zeros(7), (h,))[1][0].detach(), h * 0.5**7)


def test_irnn_starts_with_small_input_weights_and_no_biases():
    cell = IRNN(100, 200)
    assert float(cell.weight_ih.detach().std()) == pytest.approx(0.001, rel=0.05)
    assert not cell.bias_ih.any()
    assert not cell.bias_hh.any()


# Jordan


def test_jordan_whose_output_reads_its_hidden_layer_as_it_is_is_the_simple_recurrent_network():
    cell = Jordan(I, H, output_nonlinearity="identity", recurrent_bias=False, dtype=torch.float64)
    srn = SRN(I, H, recurrent_bias=False, dtype=torch.float64)
    with torch.no_grad():
        cell.weight_hh[H:] = torch.eye(H)
        for name in ("weight_ih", "bias_ih"):
            getattr(srn, name).copy_(getattr(cell, name))
        srn.weight_hh.copy_(cell.weight_hh[:H])
    x, h = randoms(B, 6, I), randoms(B, H)
    close(cell(x, (h,))[0].detach(), srn(x, (h,))[0].detach())


def test_jordan_hands_on_its_output_and_nothing_else():
    cell = small_cell(LAYERS.entry("jordan"))
    y, (final,) = cell(randoms(B, 6, I))
    assert torch.equal(final, y[:, -1])
    assert final.shape == (B, cell.output_size) != (B, cell.hidden_size)


# SCRN


@pytest.mark.parametrize("adaptive", [False, True])
def test_the_context_of_scrn_is_an_exact_exponential_trace_of_the_input(adaptive):
    cell = SCRN(I, H, context_size=2, alpha=0.9, adaptive=adaptive, dtype=torch.float64)
    alpha = torch.tensor([0.9, 0.9], dtype=torch.float64)
    if adaptive:
        alpha = torch.tensor([0.6, 0.3], dtype=torch.float64)
        with torch.no_grad():
            cell.decay.copy_(torch.logit(alpha))
    x, h, s = randoms(B, 20, I), randoms(B, H), randoms(B, 2)
    seen = x @ cell.weight_ih[:2].T + cell.bias_ih[:2]  # (B, T, S)
    ages = torch.arange(19, -1, -1, dtype=torch.float64).unsqueeze(1)  # (T, 1)
    expected = alpha**20 * s + ((1 - alpha) * alpha**ages * seen).sum(1)
    close(cell(x, (h, s))[1][1].detach(), expected.detach())


def test_the_context_of_scrn_does_not_depend_on_the_hidden_layer():
    cell, x, s = small_cell(LAYERS.entry("scrn")), randoms(B, 6, I), randoms(B, 2)
    one, two = (cell(x, (randoms(B, 4), s)) for _ in range(2))
    assert torch.equal(one[1][1], two[1][1])
    assert not torch.equal(one[0], two[0])


def test_an_adaptive_context_starts_where_the_fixed_one_is():
    fixed, adaptive = SCRN(I, H, dtype=torch.float64), SCRN(I, H, adaptive=True, dtype=torch.float64)
    adaptive.load_state_dict({**fixed.state_dict(), "decay": adaptive.decay.detach()})
    x = randoms(B, 6, I)
    close(adaptive(x)[0].detach(), fixed(x)[0].detach())


# NAS


def test_the_states_of_nas_are_bounded_and_its_product_layer_sees_no_input_where_the_state_is_zero():
    cell = wild(NAS(I, H))
    y, (_, c) = cell(randoms(B, 30, I, scale=5.0))
    assert y.abs().max() <= 1
    assert c.abs().max() <= 1
    blind = NAS(I, H, bias=False, dtype=torch.float64)
    x = randoms(B, 1, I)
    before = blind(x)[0]
    with torch.no_grad():
        blind.weight_ih[3 * H : 4 * H] = 9.0
    assert torch.equal(blind(x)[0], before)  # max(0, W_4 x * U_4 h) with h = 0
    h = (randoms(B, H), torch.zeros(B, H, dtype=torch.float64))
    changed = blind(x, h)[0]
    with torch.no_grad():
        blind.weight_ih[3 * H : 4 * H] = -9.0
    assert not torch.equal(blind(x, h)[0], changed)


# CFN


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


# STAR, NBRC, SGRN, MiRU, RHN, SGU, DSGU: where the state stays


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


# NBRC


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


# FastRNN and FastGRNN


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


# MiRU


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


# RHN


@pytest.mark.parametrize("coupled", [True, False])
def test_rhn_whose_gates_carry_everything_keeps_its_state(coupled):
    cell = RHN(I, H, depth=3, coupled=coupled, dtype=torch.float64)
    blocks = 2 if coupled else 3
    with torch.no_grad():
        for parameter in cell.parameters():
            gates = parameter.view(-1, blocks, H, *parameter.shape[1:])
            gates[:, 1:] = 0.0
        cell.bias_hh.view(3, blocks, H)[:, 1] = -800.0  # transform
        if not coupled:
            cell.bias_hh.view(3, blocks, H)[:, 2] = 800.0  # carry
    h = randoms(B, H)
    _, (final,) = cell(randoms(B, 100, I), (h,))
    assert torch.equal(final, h)


def test_the_input_of_rhn_enters_its_first_layer_only():
    cell = small_cell(LAYERS.entry("rhn"))
    h = randoms(1, 4).expand(B, -1)
    gates = gate_values(cell, randoms(B, 1, I), (h,)).gates
    assert (gates["transform_1"][0] - gates["transform_1"][1]).abs().min() > 1e-6
    with torch.no_grad():
        cell.bias_hh[4:8] = -800.0  # the first layer carries everything, so that the second sees h alone
        cell.weight_hh[4:8] = 0.0
    gates = gate_values(cell, randoms(B, 1, I), (h,)).gates
    close(gates["transform_2"][0].detach(), gates["transform_2"][1].detach())


@pytest.mark.parametrize("options", [{}, {"coupled": False}, {"recurrent_bias": False}])
def test_the_transform_gates_of_rhn_start_by_carrying(options):
    cell = RHN(I, 30, transform_bias=-3.0, **options)
    blocks = 2 if cell.coupled else 3
    total = cell.bias_ih.view(-1, blocks, 30)[0, 1]
    if cell.bias_hh is not None:
        bias = cell.bias_hh.view(cell.depth, blocks, 30)
        assert (bias[1:, 1] == -3.0).all()
        total = total + bias[0, 1]
    assert (total == -3.0).all()


# NRU


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
