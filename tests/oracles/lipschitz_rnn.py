"""The Lipschitz network from the paper's equations, one sequence at a time, in float64 NumPy.

Erichson, Azencot, Queiruga, Hodgkinson, Mahoney, "Lipschitz Recurrent Neural Networks", 2006.12070: the ordinary
differential equation h' = A h + tanh(W h + U x + b), one step of Euler's or of the midpoint method (RK2) per input.
"""

import numpy as np


def oracle(x, state, parameters, beta=(0.75, 0.75), gamma=(0.001, 0.001), epsilon=0.1, solver="euler"):
    """y (B, T, H) and the final state, of x (B, T, I) and a state (B, H)."""
    A, W = (
        (1 - b) * (M + M.T) + b * (M - M.T) - g * np.eye(len(M))
        for M, b, g in zip(np.split(parameters["weight_hh"], 2), beta, gamma, strict=True)
    )
    U, bias = parameters["weight_ih"], parameters.get("bias_ih", 0.0)

    def flow(h, u):
        return A @ h + np.tanh(W @ h + U @ u + bias)

    ys, ends = [], []
    for sequence, h in zip(x, *state, strict=True):
        for u in sequence:
            there = h if solver == "euler" else h + epsilon / 2 * flow(h, u)
            h = h + epsilon * flow(there, u)
            ys.append(h)
        ends.append(h)
    return np.reshape(ys, (*x.shape[:2], -1)), (np.array(ends),)
