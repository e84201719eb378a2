"""S4: the loop, the chunks, the dense matrices and the paper's Cauchy kernel are one function; HiPPO; stability."""

import numpy as np
import pytest
import torch
from cell_oracle import equals_oracle, noisy
from oracles.s4 import dense
from tolerances import close

from rnnzoo.laws.law import run, same_run
from rnnzoo.layers.s4 import S4
from rnnzoo.ops.chunked_state_space import CHUNK


def weights(made):
    return {name: parameter.detach().numpy() for name, parameter in made.named_parameters()}


def discrete(made, channel):
    """The dense step of a channel, (N, N), (N,), (N,), of complex numbers."""
    A, B, C, dt = dense(weights(made), channel)
    inverse = np.linalg.inv(np.eye(len(B)) - dt / 2 * A)
    return inverse @ (np.eye(len(B)) + dt / 2 * A), dt * inverse @ B, C


def kernel(made, channel, time):
    """C step^k B for k = 0 to time - 1."""
    step, h, C = discrete(made, channel)
    found = []
    for _ in range(time):
        found.append((C @ h).real)
        h = step @ h
    return np.array(found)


@pytest.mark.parametrize(
    "options", [{"state_size": 2}, {"state_size": 8, "dt_min": 0.5, "dt_max": 2.0}, {"state_size": 6, "bias": False}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("I", [3, 4])
def test_every_option_equals_the_dense_matrices(I, options):
    equals_oracle("s4", I, 4, **options)


@pytest.mark.parametrize("time", [1, 2, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5])
@pytest.mark.parametrize("ragged", [False, True])
def test_chunks_are_the_loop_in_value_and_gradient(time, ragged):
    made = noisy("s4", input_size=2, hidden_size=3, state_size=4)
    x = torch.randn(4, time, 2, dtype=torch.float64)
    state = (torch.randn(4, 3, 2, 2, dtype=torch.float64),)
    lengths = torch.tensor([time, 1, (time + 1) // 2, min(CHUNK, time)]) if ragged else None
    runs = []
    for backend in ("reference", "torch"):
        made.backend = backend
        runs.append(run(made, lambda x, state: made(x, state, lengths), x, state))
        assert made.last_backend == backend
    same_run(runs[1], runs[0], "chunks against the loop")


def test_it_is_the_convolution_with_the_dense_kernel():
    made = noisy("s4", input_size=3, hidden_size=3, state_size=8)
    u = torch.randn(2, 150, 3, dtype=torch.float64)
    y = made(u)[0].detach().numpy()
    for channel in range(3):
        taps = kernel(made, channel, 150)
        for row in range(2):
            one = u[row, :, channel].numpy()
            expected = np.convolve(one, taps)[:150] + made.D[channel].item() * one
            close(torch.as_tensor(y[row, :, channel]), torch.as_tensor(expected))


def test_the_papers_cauchy_kernel_is_the_same_kernel():
    made, L = noisy("s4", input_size=3, hidden_size=3, state_size=8), 32
    for channel in range(3):
        step, _, C = discrete(made, channel)
        A, B, _, dt = dense(weights(made), channel)
        half = made.P[channel].detach().numpy() @ np.array([1, 1j])
        P = np.concatenate((half, half.conj()))
        Lambda = np.diag(A + np.outer(P, P.conj()))
        truncated = C @ (np.eye(len(C)) - np.linalg.matrix_power(step, L))
        z = np.exp(-2j * np.pi * np.arange(L) / L)
        z[L // 2] = -1 + 1e-9j  # the formula has a removable pole at -1
        g = 2 / dt * (1 - z) / (1 + z)

        def cauchy(a, b, g=g, Lambda=Lambda):
            return (a * b / (g[:, None] - Lambda)).sum(1)

        low_rank = cauchy(truncated, P) * cauchy(P.conj(), B) / (1 + cauchy(P.conj(), P))
        spectrum = 2 / (1 + z) * (cauchy(truncated, B) - low_rank)
        found = np.fft.ifft(spectrum).real
        assert np.abs(found - kernel(made, channel, L)).max() < 1e-6


def test_it_begins_as_the_hippo_matrix():
    N = 16
    n = np.arange(N)
    A = -np.tril(np.sqrt(np.outer(2 * n + 1, 2 * n + 1)), -1) - np.diag(n + 1.0)
    B = np.sqrt(2 * n + 1.0)
    made = S4(2, 2, state_size=N, dtype=torch.float64)
    for channel in range(2):
        found, into, _, dt = dense(weights(made), channel)
        expected = np.sort_complex(np.poly(A))
        assert np.allclose(np.sort_complex(np.poly(found)), expected, rtol=1e-8)  # of one characteristic polynomial
        h, x = into, B  # and of one chain of vectors: A^k B has the same lengths in both bases
        for _ in range(6):
            assert np.linalg.norm(h) == pytest.approx(np.linalg.norm(x), rel=1e-9)
            h, x = found @ h, A @ x
        assert 0.001 <= dt <= 0.1


@pytest.mark.parametrize("scale", [0.0, 1.0, 4.0])
def test_no_parameter_makes_a_state_grow(scale):
    made = S4(2, 8, state_size=16, dtype=torch.float64)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=scale)
    for channel in range(8):
        assert np.linalg.norm(discrete(made, channel)[0], 2) <= 1 + 1e-12


def test_single_precision_stays_near_over_a_long_sequence():
    made = S4(2, 2, state_size=64)
    u = torch.randn(1, 2000, 2)
    exact = S4(2, 2, state_size=64, dtype=torch.float64)
    exact.load_state_dict(made.state_dict())
    with torch.no_grad():
        y, expected = made(u)[0].double(), exact(u.double())[0]
    assert (y - expected).abs().max() < 1e-3 * expected.abs().max()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"state_size": 5}, "state_size is 5; expected a multiple of 2: conjugate pairs"),
        ({"dt_min": 0.2}, "dt_min is 0.2 and dt_max is 0.1"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        S4(3, 4, **options)
