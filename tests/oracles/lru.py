"""The linear recurrent unit as turning planes, float64 NumPy: arXiv 2303.06349.

Each unit of the state is a plane: it turns by the angle e^theta, shrinks to e^(-e^nu) of its length, and is pushed.
"""

import numpy as np


def oracle(x, state, parameters, **options):
    """y (B, T, H) and the final state, of x (B, T, I) and states (B, N, 2)."""
    nu, theta, gamma = (np.exp(parameters[name]) for name in ("nu_log", "theta_log", "gamma_log"))
    B, C, D = (parameters[name] for name in ("weight_ih", "C", "D"))
    N, H = len(nu), len(C)
    plane = np.array(state[0])
    y = np.empty((*x.shape[:2], H))
    for row, sequence in enumerate(x):
        for t, u in enumerate(sequence):
            for n in range(N):
                turn = np.array([[np.cos(theta[n]), -np.sin(theta[n])], [np.sin(theta[n]), np.cos(theta[n])]])
                push = gamma[n] * np.array([B[n] @ u, B[N + n] @ u])
                plane[row, n] = np.exp(-nu[n]) * turn @ plane[row, n] + push
            for o in range(H):
                seen = sum(C[o, n, 0] * plane[row, n, 0] - C[o, n, 1] * plane[row, n, 1] for n in range(N))
                y[row, t, o] = seen + (D[o] * u[o] if D.ndim == 1 else D[o] @ u)
    return y, (plane,)
