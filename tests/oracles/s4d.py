"""S4D from the paper's equations, float64 NumPy, by complex arithmetic step by step: arXiv 2206.11893."""

import numpy as np


def oracle(x, state, parameters, *, discretization="zoh", **options):
    """y (B, T, H) and the final state, of x (B, T, I) and states (B, H, N/2, 2)."""
    A = -np.exp(parameters["log_A_real"]) + 1j * parameters["A_imag"]  # (H, N/2), one of each conjugate pair
    C = parameters["C"][..., 0] + 1j * parameters["C"][..., 1]
    dt = np.exp(parameters["log_dt"])
    h = state[0][..., 0] + 1j * state[0][..., 1]  # (B, H, N/2)
    y = np.empty((*x.shape[:2], len(dt)))
    for row in range(len(x)):
        for t in range(x.shape[1]):
            u = x[row, t]
            if "weight_ih" in parameters:
                u = parameters["weight_ih"] @ u + parameters.get("bias_ih", 0.0)
            for channel in range(len(dt)):
                a, b = discretized(A[channel], dt[channel], discretization)
                h[row, channel] = a * h[row, channel] + b * u[channel]
                both = C[channel] @ h[row, channel] + np.conj(C[channel]) @ np.conj(h[row, channel])
                y[row, t, channel] = both.real + parameters["D"][channel] * u[channel]
    return y, (np.stack((h.real, h.imag), -1),)


def discretized(A, dt, method):
    if method == "zoh":
        return np.exp(dt * A), (np.exp(dt * A) - 1) / A
    return (1 + dt * A / 2) / (1 - dt * A / 2), dt / (1 - dt * A / 2)
