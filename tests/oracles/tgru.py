"""The strongly typed GRU of Balduzzi and Ghifary, arXiv 1602.02218, unit by unit, in float64 NumPy."""

import math

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h, x), of x (B, T, I), h (B, H) and the step before, (B, 1, I)."""
    h, before = state[0].copy(), state[1][:, 0]
    V, W = parameters["weight_ih"][:, :, 0], parameters["weight_ih"][:, :, 1]  # of x_{t-1} and of x_t
    b = parameters.get("bias_ih", np.zeros(len(W)))
    H = h.shape[1]
    y = np.empty((*x.shape[:2], H))
    for row in range(len(x)):
        previous = before[row]
        for t, now in enumerate(x[row]):
            for unit in range(H):
                z, f, o = (V[j] @ previous + W[j] @ now + b[j] for j in (unit, H + unit, 2 * H + unit))
                h[row, unit] = h[row, unit] / (1 + math.exp(-f)) + z * math.tanh(o)
            y[row, t] = h[row]
            previous = now
    return y, (h, x[:, -1:])
