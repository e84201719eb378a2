"""Cells without a product in time: what their papers prove of gradients, volume, energy, memory; their options."""

import pytest
import torch
from cell_oracle import equals_oracle, noisy
from tolerances import close

from rnnzoo.layers.brc import BRC
from rnnzoo.layers.indrnn import IndRNN
from rnnzoo.layers.sru import SRU
from rnnzoo.layers.unicornn import UnICORNN
from rnnzoo.registry import LAYERS, UnknownName

I, H = 3, 5
F64 = torch.float64


@pytest.mark.parametrize(
    ("name", "sizes", "options"),
    [
        ("indrnn", (I, H), {"nonlinearity": "tanh"}),
        ("indrnn", (I, H), {"steps": 3, "max_gradient": 1.2}),
        ("indrnn", (I, H), {"bias": False}),
        ("sru", (I, H), {}),
        ("sru", (H, H), {}),
        ("sru", (H, H), {"highway_bias": -2.0}),
        ("sru", (H, H), {"rescale": False}),
        ("sru", (I, H), {"highway_bias": -2.0, "bias": False}),
        ("sru", (H, H), {"bias": False}),
        ("unicornn", (I, H), {"dt": 0.7, "alpha": 1.3}),
        ("unicornn", (I, H), {"bias": False}),
        ("brc", (I, H), {"bias": False}),
    ],
)
def test_options_equal_the_oracle(name, sizes, options):
    equals_oracle(name, *sizes, **options)


@pytest.mark.parametrize("name", ["indrnn", "sru", "unicornn", "brc"])
def test_a_unit_sees_no_other_units_state(name):
    entry = LAYERS.entry(name)
    assert entry.kind == "elementwise"
    cell = noisy(name, input_size=I, hidden_size=H)
    x, state = torch.randn(1, 4, I, dtype=F64), cell(torch.randn(1, 3, I, dtype=F64))[1]
    for i in range(len(state)):

        def end(member, i=i):
            return cell(x, (*state[:i], member, *state[i + 1 :]))[0][0, -1]

        jacobian = torch.autograd.functional.jacobian(end, state[i].detach())[:, 0]
        assert not (jacobian - torch.diag(jacobian.diagonal())).any()
        assert jacobian.diagonal().any()


def test_the_gradient_of_active_independent_units_is_a_power_of_their_weight():
    cell = noisy("indrnn", input_size=I, hidden_size=H)
    with torch.no_grad():
        cell.weight_ih.abs_()
        cell.bias_ih.abs_()
        cell.u.abs_()
    steps = 9
    x, h = torch.rand(1, steps, I, dtype=F64), torch.rand(1, H, dtype=F64, requires_grad=True)
    cell(x, (h,))[0][:, -1].sum().backward()
    close(h.grad[0], cell.u.detach() ** steps)


def test_clipped_recurrent_weights_bound_the_gradient_and_can_come_back():
    steps, most = 12, 2.0
    cell = IndRNN(I, H, steps=steps, max_gradient=most, dtype=F64)
    assert (cell.u.detach() <= most ** (1 / steps)).all()
    with torch.no_grad():
        cell.u.fill_(5.0)
        cell.weight_ih.abs_()
        cell.bias_ih.abs_()
    x, h = torch.rand(1, steps, I, dtype=F64), torch.rand(1, H, dtype=F64, requires_grad=True)
    y = cell(x, (h,))[0]
    y[:, -1].sum().backward()
    close(h.grad, torch.full_like(h, most))
    assert (cell.u.grad > 0).all()  # a step against it makes the weights smaller
    assert cell.u.detach().max() == 5.0  # the parameter itself is left alone


def test_sru_keeps_the_variance_of_its_input_as_training_begins():
    """What alpha is for: without it, half of the gates' product is lost in every layer."""
    width, variance = 200, {}
    x = torch.randn(64, 10, width)
    for rescale in (True, False):
        torch.manual_seed(0)
        y = x
        for _ in range(4):
            y = SRU(width, width, rescale=rescale)(y)[0].detach()
        variance[rescale] = float(y.var())
    assert 0.7 < variance[True] < 1.5
    assert variance[False] < 0.3


def test_sru_projects_its_highway_only_where_widths_differ():
    assert SRU(4, 4).weight_ih.shape == (12, 4)
    assert SRU(3, 4).weight_ih.shape == (16, 3)
    assert SRU(3, 4).bias_ih.shape == (8,)


@pytest.mark.parametrize("alpha", [0.0, 2.0])
def test_unicornn_preserves_volume_in_state_space(alpha):
    cell = noisy("unicornn", input_size=I, hidden_size=H, dt=0.8, alpha=alpha)
    x, start = torch.randn(1, 20, I, dtype=F64), torch.randn(2 * H, dtype=F64)

    def end(both):
        return torch.cat(cell(x, (both[None, :H], both[None, H:]))[1], 1)[0]

    jacobian = torch.autograd.functional.jacobian(end, start)
    close(torch.linalg.det(jacobian), torch.ones((), dtype=F64))
    assert (torch.linalg.svdvals(jacobian)[[0, -1]] - 1).abs().min() > 0.05  # it does stretch and squeeze


def test_unicornn_can_be_run_backwards():
    """The authors' backward pass rebuilds states from the last: y_{t-1} = y_t - step z_t, then z_{t-1}."""
    cell = noisy("unicornn", input_size=I, hidden_size=H, dt=0.8, alpha=0.5)
    x, start = torch.randn(2, 30, I, dtype=F64), torch.randn(2, 2, H, dtype=F64).unbind()
    with torch.no_grad():
        y, z = cell(x, start)[1]
        step = 0.8 * torch.sigmoid(cell.c)
        for t in reversed(range(30)):
            y = y - step * z
            z = z + step * (torch.tanh(cell.w * y + cell.hoist(x[:, t])) + 0.5 * y)
    close((y, z), start)


def test_unicornn_keeps_its_energy_while_the_input_stands_still():
    """H = |z|^2 / 2 + alpha |y|^2 / 2 + sum log cosh(w y + V x + b) / w neither grows nor falls over many periods."""
    cell = noisy("unicornn", input_size=I, hidden_size=H, dt=0.1, alpha=0.5)
    with torch.no_grad():
        cell.w.abs_().add_(0.5)
        x = torch.ones(1, 20000, I, dtype=F64)
        start = torch.randn(1, H, dtype=F64), torch.randn(1, H, dtype=F64)
        drive, step = cell.hoist(x[:, 0]), 0.1 * torch.sigmoid(cell.c)
        y, z = cell(x, start)[0], []
        z = torch.cat([y[:, :1] - start[0][:, None], y.diff(dim=1)], 1) / step
        energy = z**2 / 2 + 0.5 * y**2 / 2 + torch.cosh(cell.w * y + drive[:, None]).log() / cell.w  # (1, T, H)
    turns = (z[:, 1:].sign() != z[:, :-1].sign()).sum(1)
    assert (turns > 100).all()
    spread = (energy - energy.mean(1, keepdim=True)).abs().amax(1) / energy.mean(1)
    assert (spread < 0.1).all()
    drift = (energy[:, :10000].mean(1) - energy[:, 10000:].mean(1)).abs() / energy.mean(1)
    assert (drift < 1e-3).all()


@pytest.mark.parametrize(("modulation", "bistable"), [(0.7, False), (1.0, False), (1.5, True), (1.9, True)])
def test_brc_keeps_one_of_two_values_where_its_feedback_is_beyond_one(modulation, bistable):
    cell = BRC(I, 2, dtype=F64)
    with torch.no_grad():
        cell.weight_ih.zero_()
        cell.w_a.zero_()
        cell.w_c.zero_()
        cell.bias_ih[:2] = torch.atanh(torch.tensor(modulation - 1, dtype=F64))
    x, start = torch.zeros(1, 3000, I, dtype=F64), torch.tensor([[0.05, -0.05]], dtype=F64)
    up, down = cell(x, (start,))[0].detach()[0, -1]
    close(up, -down)
    if bistable:
        assert up > 0.5
        close(torch.tanh(modulation * up), up)
    else:
        assert up < 0.05


def test_unknown_options_are_named():
    with pytest.raises(UnknownName, match="did you mean relu"):
        IndRNN(I, H, nonlinearity="rely")
    with pytest.raises(ValueError, match="steps is 0; expected a whole number"):
        IndRNN(I, H, steps=0)
    with pytest.raises(ValueError, match="alpha is -1; expected a number from 0"):
        UnICORNN(I, H, alpha=-1)
