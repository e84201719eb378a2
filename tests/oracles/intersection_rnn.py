"""+RNN from the paper's equations, one sequence and one unit at a time, in float64 NumPy.

Collins, Sohl-Dickstein, Sussillo, 2017, arXiv 1611.09913: h_t = g^h * h_{t-1} + (1 - g^h) * h_in, y_t = g^y * x_t + (1
- g^y) * y_in, h_in a tanh and y_in a ReLU; an input of another width is projected first. The parameters hold the rows
of g^h, h_in, g^y, y_in.
"""

import math

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h,), of x (B, T, I) and a state (B, H)."""
    h = np.array(state[0], dtype=np.float64)
    H = h.shape[1]
    y = np.empty((*x.shape[:2], H))
    for row, t in np.ndindex(*x.shape[:2]):
        seen, before = x[row, t], h[row].copy()
        if "weight_proj" in parameters:
            seen = parameters["weight_proj"] @ seen + parameters.get("bias_proj", 0.0)
        for unit in range(H):
            g_h, h_in, g_y, y_in = (net(parameters, block * H + unit, seen, before) for block in range(4))
            h[row, unit] = sigmoid(g_h) * before[unit] + (1 - sigmoid(g_h)) * math.tanh(h_in)
            y[row, t, unit] = sigmoid(g_y) * seen[unit] + (1 - sigmoid(g_y)) * max(y_in, 0.0)
    return y, (h,)


def net(parameters, row, x, h):
    total = parameters["weight_ih"][row] @ x + parameters["weight_hh"][row] @ h
    return total + sum(parameters[bias][row] for bias in ("bias_ih", "bias_hh") if bias in parameters)


def sigmoid(value):
    return 1 / (1 + math.exp(-value))
