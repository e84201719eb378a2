"""The echo-state network: options against the oracle, the reservoir's making, its echo and its memory."""

import pytest
import torch
from cell_oracle import equals_oracle
from tolerances import close

import rnnzoo
from rnnzoo.layers.esn import ESN
from rnnzoo.modules.ridge_readout import RidgeReadout
from rnnzoo.registry import UnknownName


@pytest.mark.parametrize(
    "options", [{}, {"leak": 0.3, "nonlinearity": "identity"}, {"sparsity": 0.0, "bias": False}], ids=str
)
def test_every_option_equals_the_oracle(options):
    equals_oracle("esn", 3, 7, **options)


@pytest.mark.parametrize("radius", [0.0, 0.5, 1.3])
@pytest.mark.parametrize("sparsity", [0.0, 0.9, 0.99])
def test_the_reservoir_has_the_radius_and_the_connections_asked_for(radius, sparsity):
    W = ESN(3, 40, spectral_radius=radius, sparsity=sparsity, dtype=torch.float64).weight_hh
    assert torch.linalg.eigvals(W).abs().max().item() == pytest.approx(radius, abs=1e-12)
    if radius:
        assert ((W != 0).sum(1) == max(1, round((1 - sparsity) * 40))).all()


def test_inputs_are_scaled():
    made = ESN(50, 40, input_scaling=0.2)
    for weight in (made.weight_ih, made.bias_ih):
        assert 0.15 < weight.abs().max() <= 0.2


def test_an_optimiser_finds_nothing_to_train_and_a_file_keeps_the_reservoir():
    made = rnnzoo.ESN(3, 20, num_layers=2)
    assert not list(made.parameters())
    other = rnnzoo.ESN(3, 20, num_layers=2)
    other.load_state_dict(made.state_dict())
    x = torch.randn(5, 2, 3)
    assert torch.equal(other(x)[0], made(x)[0])


def test_gradients_pass_through_it():
    x = torch.randn(5, 2, 3, requires_grad=True)
    rnnzoo.ESN(3, 20)(x)[0].sum().backward()
    assert x.grad[0].any()


@pytest.mark.parametrize("leak", [1.0, 0.5])
def test_states_that_began_apart_become_the_same(leak):
    made = ESN(2, 50, spectral_radius=0.8, leak=leak, dtype=torch.float64)
    x = torch.randn(1, 300, 2, dtype=torch.float64)
    ends = [made(x, (torch.rand(1, 50, dtype=torch.float64) * 2 - 1,))[1][0] for _ in range(2)]
    close(ends[0], ends[1])


def memory_capacity(delays, made=None, **options):
    """The share of the variance of u_{t-k} that a linear read-out of h_t explains, for each k, on data of its own."""
    torch.manual_seed(0)
    made = made or ESN(1, 20, sparsity=0.5, dtype=torch.float64, **options)
    readout = RidgeReadout(20, delays, penalty=1e-14)
    for part in range(2):
        u = torch.rand(4, 3000, 1, dtype=torch.float64) * 2 - 1
        h, _ = made(u)
        targets = torch.stack([u[..., 0].roll(k, 1) for k in range(delays)], -1)  # (4, 3000, delays)
        if part:
            W, b = readout.solve()
            wrong = (h @ W.mT + b - targets)[:, 200:]
            shares = 1 - wrong.square().mean((0, 1)) / targets[:, 200:].var((0, 1))
        else:
            readout.add(h, targets, washout=200)
    return shares


def test_a_linear_reservoir_remembers_as_many_inputs_as_it_has_units():
    made = ESN(1, 20, nonlinearity="identity", dtype=torch.float64)
    made.weight_hh.copy_(0.9 * torch.linalg.qr(made.weight_hh.new_empty(20, 20).normal_()).Q)  # no direction is weak
    assert memory_capacity(80, made).clamp(min=0).sum().item() == pytest.approx(20, abs=0.3)


def test_no_reservoir_remembers_more_than_its_units_and_a_nonlinear_one_remembers_less():
    shares = memory_capacity(60).clamp(min=0)
    assert 2 < shares.sum() < 18
    assert shares[0] > 0.9
    assert shares[-1] < 0.05


def test_a_smaller_radius_remembers_less():
    long, short = (memory_capacity(40, spectral_radius=r, input_scaling=0.1).clamp(min=0).sum() for r in (0.9, 0.2))
    assert short < 0.7 * long


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"leak": 0}, ValueError, "leak is 0; expected a number above 0"),
        ({"leak": 1.5}, ValueError, "leak is 1.5; expected a number from 0 to 1"),
        ({"spectral_radius": -1}, ValueError, "spectral_radius is -1"),
        ({"input_scaling": 0}, ValueError, "input_scaling is 0"),
        ({"sparsity": 1}, ValueError, "sparsity is 1; expected a number from 0 to below 1"),
        ({"nonlinearity": "tan"}, UnknownName, "unknown nonlinearity 'tan'; did you mean tanh"),
    ],
)
def test_bad_options_are_named(options, error, message):
    with pytest.raises(error, match=message):
        ESN(3, 4, **options)
