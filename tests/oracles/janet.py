"""JANET from the paper's equations, one sequence and one unit at a time, in float64 NumPy.

van der Westhuizen, Lasenby, 2018, arXiv 1804.04849: c_t = sigmoid(s) * c_{t-1} + (1 - sigmoid(s - beta)) * candidate,
and h_t = c_t. The parameters hold the rows of s, then the candidate's.
"""

import math

import numpy as np


def oracle(x, state, parameters, beta=1.0, longest=None):
    """y (B, T, H) and the final (h,), of x (B, T, I) and a state (B, H)."""
    h = np.array(state[0], dtype=np.float64)
    H = h.shape[1]
    y = np.empty((*x.shape[:2], H))
    for row, t in np.ndindex(*x.shape[:2]):
        before = h[row].copy()
        for unit in range(H):
            s = net(parameters, unit, x[row, t], before)
            candidate = math.tanh(net(parameters, H + unit, x[row, t], before))
            h[row, unit] = sigmoid(s) * before[unit] + (1 - sigmoid(s - beta)) * candidate
        y[row, t] = h[row]
    return y, (h,)


def net(parameters, row, x, h):
    total = parameters["weight_ih"][row] @ x + parameters["weight_hh"][row] @ h
    return total + sum(parameters[bias][row] for bias in ("bias_ih", "bias_hh") if bias in parameters)


def sigmoid(value):
    return 1 / (1 + math.exp(-value))
