"""The Mogrifier LSTM from the paper's equations, one sequence at a time, in float64 NumPy.

Melis, Kočiský, Blunsom, "Mogrifier LSTM", 2020: x^i = 2 sigmoid(Q^i h^{i-1}) * x^{i-2} for odd i, h^i = 2 sigmoid(R^i
x^{i-1}) * h^{i-2} for even i, then the LSTM of the last of each.
"""

import numpy as np


def oracle(x, state, parameters, rounds=5, rank=None):
    """y (B, T, H) and the final (h, c), of x (B, T, I) and states (B, H) each."""
    matrices = {}
    for i in range(1, rounds + 1):
        if rank is None:
            matrices[i] = parameters[f"mogrify_{i}"]
        else:
            matrices[i] = parameters[f"mogrify_{i}_left"] @ parameters[f"mogrify_{i}_right"]
    h, c = (member.copy() for member in state)
    H = h.shape[1]
    b = sum((parameters[name] for name in ("bias_ih", "bias_hh") if name in parameters), np.zeros(4 * H))
    y = np.empty((*x.shape[:2], H))
    for row in range(len(x)):
        for t in range(x.shape[1]):
            turn = {-1: x[row, t], 0: h[row]}  # x at the odd places, h at the even ones
            for i, matrix in matrices.items():
                turn[i] = 2 * logistic(matrix @ turn[i - 1]) * turn[i - 2]
            last_x = turn[max(i for i in turn if i % 2)]
            last_h = turn[max(i for i in turn if not i % 2)]
            net = parameters["weight_ih"] @ last_x + parameters["weight_hh"] @ last_h + b
            i, f, g, o = net.reshape(4, H)
            c[row] = logistic(f) * c[row] + logistic(i) * np.tanh(g)
            y[row, t] = h[row] = logistic(o) * np.tanh(c[row])
    return y, (h, c)


def logistic(value):
    return 1 / (1 + np.exp(-value))
