"""eLSTM from the paper's equations, one sequence and one channel at a time, in float64 NumPy.

Irie, Gopalakrishnan, Schmidhuber, "Exploring the Promise and Limits of Real-Time Recurrent Learning", 2024: no channel
of the cell sees another; the output gate sees all of the new cell, and is not fed back.
"""

import math

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (c,), of x (B, T, I) and a state (B, H)."""
    B, T, _ = x.shape
    H = len(parameters["w_f"])
    bias = parameters.get("bias_ih", np.zeros(3 * H))
    net = np.einsum("bti,ki->btk", x, parameters["weight_ih"]) + bias  # (B, T, 3H): f, z, o
    cells = np.empty((B, T, H))
    for row in range(B):
        for j in range(H):
            c = state[0][row, j]
            for t in range(T):
                f = logistic(net[row, t, j] + parameters["w_f"][j] * c)
                z = math.tanh(net[row, t, H + j] + parameters["w_z"][j] * c)
                cells[row, t, j] = c = f * c + (1 - f) * z
    y = np.empty((B, T, H))
    for row, t, j in np.ndindex(B, T, H):
        o = net[row, t, 2 * H + j] + parameters["weight_hh"][j] @ cells[row, t]
        if "bias_hh" in parameters:
            o += parameters["bias_hh"][j]
        y[row, t, j] = logistic(o) * cells[row, t, j]
    return y, (cells[:, -1],)


def logistic(value):
    return 1 / (1 + math.exp(-value))
