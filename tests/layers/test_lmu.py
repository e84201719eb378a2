"""The LMU: every option against the oracle, and that its memory is the window of what was written to it."""

import numpy as np
import pytest
import torch
from cell_oracle import equals_oracle
from tolerances import close

from rnnzoo.layers.lmu import LMU, legendre_delay


@pytest.mark.parametrize(
    "options", [{}, {"order": 1}, {"order": 9, "theta": 2.5}, {"theta": 400, "bias": False}], ids=str
)
def test_every_option_equals_the_oracle(options):
    equals_oracle("lmu", 3, 4, **options)


def writing(order, theta):
    """A cell whose memory is told its one input, and nothing else."""
    cell = LMU(1, 2, order=order, theta=theta, dtype=torch.float64)
    with torch.no_grad():
        for weight in (cell.weight_ih, cell.weight_hh, cell.weight_mm):
            weight[0] = 0
        cell.weight_ih[0] = 1
    return cell


def memory(cell, u):
    """m (T, M) after every step of u (T,)."""
    state, found = cell.initial_state(1), []
    for value in u:
        _, state = cell.step(value.reshape(1, 1), state)
        found.append(state[1][0].detach())
    return torch.stack(found).numpy()


def decoder(order, share):
    """What reads the input a share of the window ago."""
    return np.polynomial.legendre.legvander(np.array([2 * share - 1]), order - 1)[0]


def test_the_memory_holds_the_whole_window_of_a_slow_signal():
    theta, t = 60, torch.arange(301, dtype=torch.float64)
    u = torch.sin(t / 15) + 0.5 * torch.cos(t / 9 + 1)
    m = memory(writing(12, theta), u[:300])
    for delay in (10, 30, 50):
        found = m[100:] @ decoder(12, delay / theta)
        expected = (u[100 - delay : 300 - delay] + u[101 - delay : 301 - delay]).numpy() / 2  # a step between the two
        assert np.abs(found - expected).max() < 0.02


def test_more_polynomials_remember_better():
    theta, t = 40, torch.arange(200, dtype=torch.float64)
    u = torch.sin(t / 5)
    late = (u[60:180] + u[61:181]).numpy() / 2
    errors = [np.abs(memory(writing(M, theta), u)[80:] @ decoder(M, 0.5) - late).max() for M in (3, 6, 12)]
    assert errors[0] > 3 * errors[1] > 9 * errors[2]


@pytest.mark.parametrize("theta", [3.0, 50.0])
def test_a_constant_is_the_first_coefficient_alone_and_the_memory_forgets(theta):
    A, B = legendre_delay(8, theta)
    still = torch.linalg.solve(torch.eye(8, dtype=torch.float64) - A, B)
    close(still, torch.eye(8, dtype=torch.float64)[0])
    assert torch.linalg.eigvals(A).abs().max() < 1


def test_only_the_encoders_and_kernels_are_trained_and_the_memory_begins_without_feedback():
    cell = LMU(3, 4, order=6)
    assert set(dict(cell.named_parameters())) == {"weight_ih", "weight_hh", "weight_mm", "bias_ih"}
    assert set(dict(cell.named_buffers())) == {"A", "B"}
    assert not cell.weight_mm[0].any()
    assert cell.weight_mm[1:].all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": 0}, "order is 0; expected a whole number of at least 1"),
        ({"theta": 0}, "theta is 0; expected a number above 0"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        LMU(3, 4, **options)
