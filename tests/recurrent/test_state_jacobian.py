"""The norm of the state's Jacobian is that of the step's own derivative, and a closed form where there is one."""

import math

import pytest
import torch

from rnnzoo.recurrent import create_layer, list_layers
from rnnzoo.recurrent.state_jacobian import state_jacobian_norms

T, INPUT, H = 6, 3, 4


def made(name, **options):
    torch.manual_seed(0)
    return create_layer(name, INPUT, H, batch_first=True, **options), torch.randn(2, T, INPUT)


def floats(states):
    """The members that carry gradients; a clock of whole numbers does not."""
    return [member for state in states for member in state if member.is_floating_point()]


def by_autograd(layer, x):
    """Each sequence on its own: torch's Jacobian of the remaining steps as one function of the state."""
    norms = torch.zeros(T, len(x), dtype=torch.float64)
    cells = layer.double().eval().cells
    for row, sequence in enumerate(x.double()):
        states = [cell.initial_state(1, dtype=torch.float64) for cell in cells]
        for t in range(T):
            y = sequence[None, t]
            for i, cell in enumerate(cells):
                y, states[i] = cell.step(y, states[i])
            flat = torch.cat([member.flatten() for member in floats(states)]).detach()

            def rest(vector, t=t, before=tuple(states), sequence=sequence):
                parts = iter(vector.split([member.numel() for member in floats(before)]))
                now = [tuple(next(parts).reshape(m.shape) if m.is_floating_point() else m for m in s) for s in before]
                for later in range(t + 1, T):
                    y = sequence[None, later]
                    for i, cell in enumerate(cells):
                        y, now[i] = cell.step(y, now[i])
                return torch.cat([member.flatten() for member in floats(now)])

            jacobian = torch.autograd.functional.jacobian(rest, flat)
            norms[T - 1 - t, row] = torch.linalg.matrix_norm(jacobian) / math.sqrt(len(flat))
    return norms.mean(1)


@pytest.mark.parametrize("name", list_layers())
def test_it_is_the_derivative_of_the_remaining_steps(name):
    layer, x = made(name)
    torch.testing.assert_close(state_jacobian_norms(layer.cells, x), by_autograd(layer, x), rtol=1e-9, atol=1e-12)


def test_of_a_stack_it_is_that_of_all_states_together():
    layer, x = made("lstm", num_layers=2)
    torch.testing.assert_close(state_jacobian_norms(layer.cells, x), by_autograd(layer, x), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("a", [0.5, 1.0, 1.5])
def test_where_the_state_is_only_multiplied_by_a_it_is_a_to_the_lag(a):
    layer, x = made("srn", nonlinearity="relu")
    with torch.no_grad():
        layer.cells[0].weight_hh.copy_(a * torch.eye(H))
        layer.cells[0].bias_ih.fill_(100.0)  # no unit is ever at rest
    torch.testing.assert_close(state_jacobian_norms(layer.cells, x), a ** torch.arange(T, dtype=torch.float64))


def test_of_mingru_it_is_the_product_of_what_the_gates_leave():
    layer, x = made("mingru")
    (cell,) = layer.double().cells
    kept = 1 - torch.sigmoid(x.double() @ cell.weight_ih[:H].T + cell.bias_ih[:H])  # (B, T, H)
    expected = [kept[:, T - lag :].prod(1).square().mean(1).sqrt().mean() for lag in range(T)]
    torch.testing.assert_close(state_jacobian_norms(layer.cells, x), torch.stack(expected).detach())


def test_the_cells_are_left_as_they_were():
    layer, x = made("gru")
    before = [parameter.clone() for parameter in layer.parameters()]
    state_jacobian_norms(layer.cells, x)
    assert all(p.grad is None and p.dtype == torch.float32 and p.requires_grad for p in layer.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, layer.parameters(), strict=True))
