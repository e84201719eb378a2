"""The chaos free network from the paper's equations, one unit at a time, in float64 NumPy.

Laurent, von Brecht, "A recurrent neural network without chaos", arXiv 1612.06212.
"""

from math import exp, tanh

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h,), of x (B, T, I) and h (B, H)."""
    V, U = parameters["weight_ih"], parameters["weight_hh"]
    H = U.shape[1]
    b, d = parameters.get("bias_ih", np.zeros(3 * H)), parameters.get("bias_hh", np.zeros(2 * H))
    h, y = np.array(state[0], dtype=np.float64), np.empty((*x.shape[:2], H))
    for row in range(len(x)):
        for t in range(x.shape[1]):
            last = h[row].copy()
            of_x, of_h = V @ x[row, t] + b, U @ last + d
            for j in range(H):
                theta = 1 / (1 + exp(-of_x[j] - of_h[j]))
                eta = 1 / (1 + exp(-of_x[H + j] - of_h[H + j]))
                h[row, j] = theta * tanh(last[j]) + eta * tanh(of_x[2 * H + j])
            y[row, t] = h[row]
    return y, (h,)
