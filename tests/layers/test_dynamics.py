"""The dynamical systems keep what their papers promise: bounds, spectra, contraction; options equal the oracle."""

import math
import warnings

import pytest
import torch
from cell_oracle import equals_oracle, noisy
from tolerances import close

from rnnzoo.layers.antisymmetric_rnn import AntisymmetricRNN
from rnnzoo.layers.cornn import CoRNN
from rnnzoo.layers.gated_antisymmetric_rnn import GatedAntisymmetricRNN
from rnnzoo.layers.lem import LEM
from rnnzoo.layers.lipschitz_rnn import LipschitzRNN
from rnnzoo.layers.shplrnn import ShPLRNN
from rnnzoo.layers.tau_gru import TauGRU
from rnnzoo.registry import UnknownName

I, H = 3, 5
F64 = torch.float64


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("lem", {"dt": 0.3}),
        ("lem", {"bias": False}),
        ("cornn", {"dt": 0.2, "gamma": 2.5, "epsilon": 0.7}),
        ("cornn", {"dt": 0.2, "gamma": 2.5, "epsilon": 0.7, "damping": "implicit"}),
        ("cornn", {"bias": False}),
        ("antisymmetric_rnn", {"epsilon": 0.7, "gamma": 0.4}),
        ("antisymmetric_rnn", {"bias": False}),
        ("gated_antisymmetric_rnn", {"epsilon": 0.7, "gamma": 0.4}),
        ("gated_antisymmetric_rnn", {"bias": False}),
        ("lipschitz_rnn", {"beta": (0.9, 0.2), "gamma": (0.3, 0.1), "epsilon": 0.4}),
        ("lipschitz_rnn", {"beta": (0.9, 0.2), "gamma": (0.3, 0.1), "epsilon": 0.4, "solver": "rk2"}),
        ("lipschitz_rnn", {"bias": False, "solver": "rk2"}),
        ("shplrnn", {}),
        ("shplrnn", {"inner_size": H}),
        ("shplrnn", {"inner_size": 3, "clipped": True}),
        ("shplrnn", {"bias": False, "clipped": True}),
        ("tau_gru", {"delay": 1}),
        ("tau_gru", {"delay": 4}),
        ("tau_gru", {"delay": 9}),
        ("tau_gru", {"bias": False}),
    ],
)
def test_options_equal_the_oracle(name, options):
    equals_oracle(name, I, H, **options)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LEM(I, H, dt=0.0), "dt is 0.0; expected a number above 0"),
        (lambda: CoRNN(I, H, epsilon=-1.0), "epsilon is -1.0; expected a number above 0"),
        (lambda: AntisymmetricRNN(I, H, gamma=-1.0), "gamma is -1.0; expected a number from 0"),
        (lambda: LipschitzRNN(I, H, beta=(0.5, 1.5)), "beta_W is 1.5; expected a number from 0 to 1"),
        (lambda: LipschitzRNN(I, H, gamma=0.1), "gamma is 0.1; expected two numbers, for A and for W"),
        (lambda: ShPLRNN(I, H, inner_size=0), "inner_size is 0; expected a whole number of at least 1"),
        (lambda: TauGRU(I, H, delay=0), "delay is 0; expected a whole number of at least 1"),
        (lambda: CoRNN(I, H, damping="implicite"), "did you mean implicit"),
        (lambda: LipschitzRNN(I, H, solver="rk4"), "unknown solver 'rk4'; did you mean rk2"),
    ],
)
def test_options_out_of_range_are_named(make, message):
    with pytest.raises((ValueError, UnknownName), match=message):
        make()


def test_printing_shows_the_options_that_differ():
    assert repr(LEM(3, 4)) == "LEM(3, 4)"
    assert repr(LEM(3, 4, dt=0.5, recurrent_bias=False)) == "LEM(3, 4, recurrent_bias=False, dt=0.5)"
    assert repr(CoRNN(3, 4, bias=False, damping="implicit")) == "CoRNN(3, 4, bias=False, damping='implicit')"
    assert repr(LipschitzRNN(3, 4, beta=[1, 0.5])) == "LipschitzRNN(3, 4, beta=(1, 0.5))"


def loud(cell, scale=8.0):
    """The cell with large weights, and a large input (2, 300, I)."""
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.normal_(std=scale)
    return cell, scale * torch.randn(2, 300, I, dtype=F64)


@pytest.mark.parametrize("dt", [0.3, 1.0])
def test_lem_is_bounded_by_one_however_large_weights_and_inputs_are(dt):
    cell, x = loud(LEM(I, H, dt=dt, dtype=F64))
    y, (_, z) = cell(x)
    assert y.abs().max() <= 1
    assert z.abs().max() <= 1
    assert y.abs().max() > 0.5  # and the bound is not idle


def test_lem_beyond_dt_1_may_leave_the_bound():
    cell, x = loud(LEM(I, H, dt=2.0, dtype=F64))
    assert cell(x)[0].abs().max() > 1


@pytest.mark.parametrize("damping", ["explicit", "implicit"])
@pytest.mark.parametrize(("dt", "gamma", "epsilon"), [(0.1, 1.0, 1.0), (0.054, 4.9, 4.8), (0.05, 0.5, 0.6)])
def test_cornn_has_at_most_the_energy_that_time_gives_it(damping, dt, gamma, epsilon):
    """gamma |y|^2 + |z|^2 <= t dt H / k, whatever drives it; the forcing that pumps most is tanh = sign of z."""
    k = 2 * epsilon - dt * (gamma + (epsilon**2 if damping == "explicit" else 0))
    assert k > 0
    cell = CoRNN(I, H, dt=dt, gamma=gamma, epsilon=epsilon, damping=damping, dtype=F64)
    cell, x = loud(cell)
    with torch.no_grad():
        cell.weight_hh[:H] = 100 * torch.eye(H, dtype=F64)  # of z
    state, energies = cell.initial_state(2), []
    for t in range(x.shape[1]):
        _, state = cell.step(x[:, t] / 8, state)
        energies.append((gamma * state[0] ** 2 + state[1] ** 2).sum(1).max())
    bound = torch.arange(1, len(energies) + 1) * dt * H / k
    assert (torch.stack(energies) <= bound).all()
    assert max(energies) > 0.02 * H / gamma  # and it did move


def test_cornn_undriven_and_uncoupled_comes_to_rest():
    cell = CoRNN(I, H, dt=0.1, gamma=2.0, epsilon=0.5, dtype=F64)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.zero_()
    y, (end, velocity) = cell(torch.zeros(1, 400, I, dtype=F64), (torch.ones(1, H, dtype=F64),) * 2)
    assert y.abs().max() > 0.9
    assert max(end.abs().max(), velocity.abs().max()) < 1e-3


@pytest.mark.parametrize("cell_type", [AntisymmetricRNN, GatedAntisymmetricRNN])
@pytest.mark.parametrize("gamma", [0.0, 0.3])
def test_the_antisymmetric_matrix_has_eigenvalues_of_real_part_minus_gamma(cell_type, gamma):
    cell = cell_type(I, 7, gamma=gamma, dtype=F64)
    (matrix,), _ = cell.recurrent_weights()
    eigenvalues = torch.linalg.eigvals(matrix.detach())
    close(eigenvalues.real, torch.full((7,), -gamma, dtype=F64))
    assert eigenvalues.imag.abs().max() > 0.1
    assert torch.linalg.eigvals(cell.weight_hh.detach()).real.std() > 0.1  # W itself has others


def test_the_antisymmetric_jacobian_is_a_step_of_eigenvalues_minus_gamma():
    """Where tanh is in its linear part, d h_t / d h_{t-1} = I + epsilon (W - W^T - gamma I)."""
    cell = AntisymmetricRNN(I, H, epsilon=0.2, gamma=0.3, bias=False, dtype=F64)
    zero = torch.zeros(1, H, dtype=F64)
    jacobian = torch.autograd.functional.jacobian(lambda h: cell.step(torch.zeros(1, I, dtype=F64), (h,))[0][0], zero)[
        :, 0
    ]
    spectrum = (torch.linalg.eigvals(jacobian) - 1) / 0.2
    close(spectrum.real, torch.full((H,), -0.3, dtype=F64))


@pytest.mark.parametrize("beta", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_lipschitz_matrices_have_spectra_within_those_of_their_symmetric_parts(beta):
    cell = noisy("lipschitz_rnn", input_size=I, hidden_size=7, beta=(beta, 1 - beta), gamma=(0.2, 0.05))
    both, _ = cell.recurrent_weights()
    for matrix, M, share, gamma in zip(
        both[0].detach().chunk(2), cell.weight_hh.detach().chunk(2), (beta, 1 - beta), (0.2, 0.05), strict=True
    ):
        extremes = torch.linalg.eigvalsh((1 - share) * (M + M.t()))[[0, -1]] - gamma
        eigenvalues = torch.linalg.eigvals(matrix)
        assert eigenvalues.real.min() >= extremes[0] - 1e-12
        assert eigenvalues.real.max() <= extremes[1] + 1e-12
        if share == 0:
            assert eigenvalues.imag.abs().max() < 1e-7
        if share == 1:
            close(eigenvalues.real, torch.full((7,), -gamma, dtype=F64))
        if share == 0.5:
            close(matrix, M - gamma * torch.eye(7, dtype=F64))


def test_a_lipschitz_network_whose_linear_part_outweighs_the_rest_forgets_where_it_began():
    """Stable where the symmetric part of A is negative and beyond the norm of W, as the paper asks."""
    cell = noisy("lipschitz_rnn", input_size=I, hidden_size=H, gamma=(4.0, 0.001), epsilon=0.1)
    A, W = (m.detach() for m in cell.recurrent_weights()[0][0].chunk(2))
    assert -torch.linalg.eigvalsh((A + A.t()) / 2)[-1] > torch.linalg.matrix_norm(W, 2)
    x = torch.randn(1, 200, I, dtype=F64).expand(2, -1, -1)
    apart = 3 * torch.randn(2, H, dtype=F64)
    (end,) = cell(x, (apart,))[1]
    assert (end[0] - end[1]).norm() < 1e-6 * (apart[0] - apart[1]).norm()


def test_rk2_is_of_second_order_and_euler_of_first():
    """Half the step, twice the steps: the error falls by 4, or by 2."""
    start = torch.randn(1, H, dtype=F64)
    weights = noisy("lipschitz_rnn", input_size=I, hidden_size=H).state_dict()

    def end(solver, steps):
        cell = LipschitzRNN(I, H, epsilon=1 / steps, solver=solver, dtype=F64)
        cell.load_state_dict(weights)
        with torch.no_grad():
            return cell(torch.ones(1, steps, I, dtype=F64), (start,))[0][:, -1]

    exact = end("rk2", 4096)
    for solver, order in {"euler": 1, "rk2": 2}.items():
        coarse, fine = ((end(solver, steps) - exact).norm() for steps in (64, 128))
        assert abs(math.log2(coarse / fine) - order) < 0.1


def test_the_clipped_shallow_network_is_bounded_where_the_plain_one_explodes():
    ends = {}
    for clipped in (True, False):
        cell = noisy("shplrnn", input_size=I, hidden_size=H, inner_size=9, clipped=clipped)
        with torch.no_grad():
            cell.weight_hh_0.fill_(1.0)
            cell.weight_hh_1.fill_(1.0)
            cell.a.fill_(0.9)
            cell.threshold.fill_(0.5)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ends[clipped] = cell(torch.ones(1, 200, I, dtype=F64))[0].detach()
    bound = (9 * 0.5 + 10) / (1 - 0.9)  # |W_1| threshold + |C s + h_1|, over 1 - |A|
    assert ends[True].abs().max() <= bound
    assert ends[False].abs().max() > 1e6


def test_the_shallow_network_is_piecewise_linear():
    """Its Jacobian is diag(A) + W_1 diag(W_2 z > -h_2) W_2, the same all over a piece."""
    cell = noisy("shplrnn", input_size=I, hidden_size=H, inner_size=9)
    x, z = torch.randn(1, I, dtype=F64), torch.randn(1, H, dtype=F64)
    jacobian = torch.autograd.functional.jacobian(lambda z: cell.step(x, (z,))[0][0], z)[:, 0]
    on = (cell.weight_hh_0 @ z[0] > -cell.threshold).double()
    close(jacobian, (torch.diag(cell.a) + cell.weight_hh_1 @ torch.diag(on) @ cell.weight_hh_0).detach())


@pytest.mark.parametrize("delay", [1, 2, 6])
def test_tau_gru_hears_of_a_state_once_more_after_the_delay_and_not_before(delay):
    """All of h_{t-1}'s own influence cut, a change of h_0 comes back with h_{1+delay}."""
    cell = noisy("tau_gru", input_size=I, hidden_size=H, delay=delay)
    with torch.no_grad():
        cell.weight_hh[: 3 * H] = 0
        cell.bias_ih[H : 2 * H] = 60.0  # the update gate is open: h_t = u + a z
        cell.weight_ih[H : 2 * H] = 0
    x, h = torch.randn(1, delay + 2, I, dtype=F64), torch.randn(1, H, dtype=F64)
    past = torch.randn(1, delay * H, dtype=F64)
    moved = (cell(x, (h, past))[0] - cell(x, (h + 1, past))[0]).detach().abs().amax(2)[0]
    assert (moved[:delay] < 1e-12).all()
    assert moved[delay] > 1e-3
    assert moved[delay + 1] < 1e-12  # the next echo is as far again


def test_tau_gru_carries_its_past_across_calls_shorter_than_the_delay():
    cell = noisy("tau_gru", input_size=I, hidden_size=H, delay=5)
    x, state = torch.randn(2, 8, I, dtype=F64), None
    expected, end = cell(x)
    pieces = []
    for piece in x.split(2, 1):
        y, state = cell(piece, state)
        pieces.append(y)
    close(torch.cat(pieces, 1), expected)
    close(state, end)
