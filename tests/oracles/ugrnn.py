"""UGRNN from the paper's equations, one sequence and one unit at a time, in float64 NumPy.

Collins, Sohl-Dickstein, Sussillo, 2017, arXiv 1611.09913: h_t = g_t * h_{t-1} + (1 - g_t) * c_t with c_t = tanh(...),
g_t = sigmoid(...), both of x_t and h_{t-1}. The parameters hold the gate's rows, then the candidate's.
"""

import math

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h,), of x (B, T, I) and a state (B, H)."""
    h = np.array(state[0], dtype=np.float64)
    H = h.shape[1]
    y = np.empty((*x.shape[:2], H))
    for row, t in np.ndindex(*x.shape[:2]):
        before = h[row].copy()
        for unit in range(H):
            g = sigmoid(net(parameters, unit, x[row, t], before))
            c = math.tanh(net(parameters, H + unit, x[row, t], before))
            h[row, unit] = c + g * (before[unit] - c)
        y[row, t] = h[row]
    return y, (h,)


def net(parameters, row, x, h):
    total = parameters["weight_ih"][row] @ x + parameters["weight_hh"][row] @ h
    return total + sum(parameters[bias][row] for bias in ("bias_ih", "bias_hh") if bias in parameters)


def sigmoid(value):
    return 1 / (1 + math.exp(-value))
