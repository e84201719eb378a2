"""ExpRNN, URNN and GORU: every option against the oracle, matrices that stay orthogonal, and what follows from it."""

import math

import numpy as np
import pytest
import torch
from cell_oracle import equals_oracle
from tolerances import close

from rnnzoo.layers._modrelu import complex_modrelu, modrelu
from rnnzoo.layers.exprnn import ExpRNN
from rnnzoo.layers.goru import GORU
from rnnzoo.layers.urnn import URNN
from rnnzoo.registry import UnknownName

CELLS = [(ExpRNN, {}), (URNN, {}), (GORU, {"capacity": 6}), (GORU, {"style": "fft"})]
every_cell = pytest.mark.parametrize(("kind", "options"), CELLS, ids=str)


def matrix(cell):
    """The recurrent matrix that is to be orthogonal, in the dtype of the cell."""
    (weight,), _ = cell.recurrent_weights()
    rows = {ExpRNN: slice(None), URNN: slice(None, weight.shape[1]), GORU: slice(-weight.shape[1], None)}
    return weight.detach()[rows[type(cell)]]


def departure(Q):
    """How far Q^T Q is from the identity, at its worst entry."""
    Q = Q.double()
    return float((Q.mT @ Q - torch.eye(Q.shape[1], dtype=Q.dtype)).abs().max())


def sequence(*shape):
    return torch.randn(*shape, dtype=torch.float64)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("exprnn", {"init": "henaff"}),
        ("exprnn", {"init": "cayley", "bias": False}),
        ("goru", {}),
        ("goru", {"capacity": 1, "bias": False}),
        ("goru", {"capacity": 8}),
        ("goru", {"style": "fft"}),
        ("urnn", {"bias": False}),
    ],
    ids=str,
)
def test_every_option_equals_the_oracle(name, options):
    equals_oracle(name, 3, 8, **options)


@pytest.mark.parametrize("H", [1, 3, 5])
def test_an_odd_number_of_units_is_as_good(H):
    for name, options in (("exprnn", {}), ("urnn", {}), ("goru", {"capacity": H})):
        equals_oracle(name, 2, H, **options)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "options"), CELLS[:3], ids=str)
def test_the_matrix_is_orthogonal_after_a_thousand_steps_of_training(kind, options):
    torch.manual_seed(0)
    cell = kind(2, 8, **options)
    before = matrix(cell)
    readout = torch.nn.Linear(cell.output_size, 1)
    optimizer = torch.optim.Adam([*cell.parameters(), *readout.parameters()], lr=0.01)
    x = torch.randn(4, 2, 2)
    target = torch.sin(3 * x[:, 0, :1])
    for _ in range(1000):
        loss = (readout(cell(x)[0][:, -1]) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (matrix(cell) - before).abs().max() > 0.05
    assert departure(matrix(cell)) < 1e-6


@every_cell
@pytest.mark.parametrize("scale", [0.0, 1.0, 30.0])
def test_no_parameter_makes_a_matrix_that_is_not_orthogonal(kind, options, scale):
    cell = kind(3, 64, **options)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=scale)
    assert matrix(cell).dtype == torch.float32
    assert departure(matrix(cell)) < 1e-6
    assert departure(matrix(cell.double())) < 1e-12


@pytest.mark.parametrize("kind", [ExpRNN, URNN])
def test_without_input_and_bias_a_state_and_its_gradient_keep_their_length(kind):
    cell = kind(3, 16, bias=False, dtype=torch.float64)
    with torch.no_grad():
        cell.modrelu_bias.zero_()
    h = sequence(2, *cell.state_shapes[0]).requires_grad_()
    y, (final,) = cell(torch.zeros(2, 400, 3, dtype=torch.float64), (h,))
    close(y.norm(dim=-1), h.norm(dim=-1, keepdim=True).expand(-1, 400))
    direction = sequence(2, *cell.state_shapes[0])
    (gradient,) = torch.autograd.grad((final * direction).sum(), h)
    close(gradient.norm(dim=-1), direction.norm(dim=-1))


def test_gorus_closed_update_gate_turns_the_state_by_its_orthogonal_matrix():
    cell = GORU(3, 8, capacity=4, dtype=torch.float64)
    with torch.no_grad():
        cell.modrelu_bias.zero_()
        cell.weight_ih.zero_()
        cell.weight_hh.zero_()
        cell.bias_ih[:8], cell.bias_ih[8:] = -1e3, 1e3
    h = sequence(2, 8)
    _, (final,) = cell(torch.zeros(2, 30, 3, dtype=torch.float64), (h,))
    close(final.detach(), h @ torch.linalg.matrix_power(matrix(cell), 30).mT)


def test_full_capacity_has_as_many_angles_as_there_are_turns():
    for H in (2, 5, 8):
        assert len(GORU(3, H, capacity=H).angles) == H * (H - 1) // 2 == len(ExpRNN(3, H).skew)
    assert len(GORU(3, 8, style="fft").angles) == 3 * 4


def test_the_matrices_of_the_exponential_have_determinant_one():
    for init in ("cayley", "henaff"):
        close(torch.linalg.det(matrix(ExpRNN(3, 7, init=init, dtype=torch.float64))), torch.tensor(1.0).double())


@pytest.mark.parametrize(("init", "least", "most"), [("henaff", 0.0, math.pi), ("cayley", 0.0, 1.0)])
def test_the_exponential_begins_as_turns_of_planes_by_the_angles_of_its_recipe(init, least, most):
    torch.manual_seed(0)
    U = matrix(ExpRNN(3, 200, init=init, dtype=torch.float64)).numpy()
    angles = np.abs(np.angle(np.linalg.eigvals(U)))
    assert angles.min() >= least
    assert angles.max() <= most
    assert angles.max() > 0.9 * most  # not all of them near zero
    between = np.tan(np.pi / 8) if init == "cayley" else np.pi / 2
    assert abs((angles < between).mean() - 0.5) < 0.12  # the median of the recipe


def test_the_fourier_transform_alone_is_left_without_phases_and_reflections():
    cell = URNN(3, 6, dtype=torch.float64)
    with torch.no_grad():
        cell.theta.zero_()
        cell.reflection.zero_()
        cell.reflection[0, 0], cell.reflection[1, 0] = 1.0, 1.0
        cell.permutation.copy_(torch.arange(6))
    F = np.fft.fft(np.eye(6), norm="ortho")
    flip = np.diag([-1.0, 1, 1, 1, 1, 1])  # the reflection along the first axis
    expected = torch.as_tensor(flip @ F.conj() @ flip @ F)
    close(torch.view_as_real(cell.unitary().detach()), torch.view_as_real(expected))


def test_every_seed_draws_a_permutation_of_its_own_and_files_keep_it():
    torch.manual_seed(1)
    one, other = URNN(3, 32), URNN(3, 32)
    assert not torch.equal(one.permutation, other.permutation)
    assert torch.equal(one.permutation.sort().values, torch.arange(32))
    other.load_state_dict(one.state_dict())
    assert torch.equal(one.permutation, other.permutation)
    assert one.double().permutation.dtype == torch.int64


def test_modrelu_changes_the_size_alone():
    z, b = sequence(50, 2), sequence(50) * 0.5
    out = torch.stack((complex_modrelu(z[:, 0], z[:, 1], b), complex_modrelu(z[:, 1], z[:, 0], b)), -1)
    size = (z.norm(dim=-1) + b).clamp(min=0)
    close(out.norm(dim=-1), size)
    close(out * z.norm(dim=-1, keepdim=True), z * size.unsqueeze(-1))
    zero = torch.zeros_like(b)
    close(modrelu(z[:, 0], b), complex_modrelu(z[:, 0], zero, b))


def test_modrelu_has_a_finite_gradient_where_there_is_no_direction():
    z, b = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True), torch.full((3,), 0.1, dtype=torch.float64)
    for out in (modrelu(z[0], b), complex_modrelu(z[0], z[1], b)):
        assert not out.any()
        assert torch.autograd.grad(out.sum(), z, retain_graph=True)[0].isfinite().all()


@pytest.mark.parametrize(
    ("kind", "options", "error", "message"),
    [
        (ExpRNN, {"init": "henaf"}, UnknownName, "unknown init 'henaf'; did you mean henaff"),
        (GORU, {"style": "ftt"}, UnknownName, "unknown style 'ftt'; did you mean fft"),
        (GORU, {"capacity": 7}, ValueError, r"capacity is 7; expected 1 to 6 \(hidden_size\)"),
        (GORU, {"capacity": 0}, ValueError, "capacity is 0"),
        (GORU, {"style": "fft"}, ValueError, "hidden_size is 6; expected a power of 2 with style='fft'"),
    ],
)
def test_bad_options_are_named(kind, options, error, message):
    with pytest.raises(error, match=message):
        kind(3, 6, **options)
