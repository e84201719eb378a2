"""S4 by dense matrices, float64 NumPy: A whole, inverted as it stands, all N numbers of the state: arXiv 2111.00396."""

import numpy as np


def oracle(x, state, parameters, **options):
    """y (B, T, H) and the final state, of x (B, T, I) and states (B, H, N/2, 2)."""
    half = state[0][..., 0] + 1j * state[0][..., 1]
    h = np.concatenate((half, half.conj()), -1)  # (B, H, N)
    y = np.empty((*x.shape[:2], h.shape[1]))
    for channel in range(h.shape[1]):
        A, B, C, dt = dense(parameters, channel)
        ahead, back = np.eye(len(B)) + dt / 2 * A, np.linalg.inv(np.eye(len(B)) - dt / 2 * A)
        for row in range(len(x)):
            for t in range(x.shape[1]):
                u = x[row, t]
                if "weight_ih" in parameters:
                    u = parameters["weight_ih"] @ u + parameters.get("bias_ih", 0.0)
                h[row, channel] = back @ (ahead @ h[row, channel] + dt * B * u[channel])
                y[row, t, channel] = (C @ h[row, channel]).real + parameters["D"][channel] * u[channel]
    h = h[..., : half.shape[-1]]
    return y, (np.stack((h.real, h.imag), -1),)


def dense(parameters, channel):
    """A (N, N), B and C (N,) and dt of a channel."""
    Lambda = -np.exp(parameters["log_A_real"][channel]) + 1j * parameters["A_imag"][channel]
    P, B, C = (parameters[name][channel] @ np.array([1, 1j]) for name in ("P", "B", "C"))
    Lambda, P, B, C = (np.concatenate((one, one.conj())) for one in (Lambda, P, B, C))
    return np.diag(Lambda) - np.outer(P, P.conj()), B, C, np.exp(parameters["log_dt"][channel])
