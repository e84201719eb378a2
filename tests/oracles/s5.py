"""S5 as a real state space of twice the width, float64 NumPy: arXiv 2208.04933.

A conjugate pair of eigenvalues is one real two-by-two block, so that the whole layer is x' = F x + G u, y = K x + D u
with real matrices, and no complex number is carried.
"""

import numpy as np


def oracle(x, state, parameters, *, discretization="zoh", **options):
    """y (B, T, H) and the final state, of x (B, T, I) and states (B, P/2, 2)."""
    eigenvalue = -np.exp(parameters["log_Lambda_real"]) + 1j * parameters["Lambda_imag"]
    dt = np.exp(parameters["log_step"])
    P = len(dt)  # pairs
    weight, C, D = (parameters[name] for name in ("weight_ih", "C", "D"))
    F, G, K = np.zeros((2 * P, 2 * P)), np.zeros((2 * P, x.shape[2])), np.zeros((len(C), 2 * P))
    for n in range(P):
        if discretization == "zoh":
            a = np.exp(eigenvalue[n] * dt[n])
            b = (a - 1) / eigenvalue[n] * (weight[n] + 1j * weight[P + n])
        else:
            a = (1 + dt[n] / 2 * eigenvalue[n]) / (1 - dt[n] / 2 * eigenvalue[n])
            b = dt[n] / (1 - dt[n] / 2 * eigenvalue[n]) * (weight[n] + 1j * weight[P + n])
        F[2 * n : 2 * n + 2, 2 * n : 2 * n + 2] = [[a.real, -a.imag], [a.imag, a.real]]
        G[2 * n], G[2 * n + 1] = b.real, b.imag
        K[:, 2 * n], K[:, 2 * n + 1] = 2 * C[:, n, 0], -2 * C[:, n, 1]
    h = state[0].reshape(len(x), 2 * P)
    y = np.empty((*x.shape[:2], len(C)))
    for t in range(x.shape[1]):
        h = h @ F.T + x[:, t] @ G.T
        y[:, t] = h @ K.T + (D * x[:, t] if D.ndim == 1 else x[:, t] @ D.T)
    return y, (h.reshape(len(x), P, 2),)
