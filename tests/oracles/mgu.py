"""Minimal gated unit from the paper's equations, one sequence and one unit at a time, in float64 NumPy.

Zhou, Wu, Zhang, Zhou, 2016, arXiv 1603.09420: f_t = sigmoid(W_f [h_{t-1}, x_t] + b_f), candidate tanh(W_h [f_t *
h_{t-1}, x_t] + b_h), h_t = (1 - f_t) * h_{t-1} + f_t * candidate. The parameters hold the gate's rows, then the
candidate's.
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
        f = np.array([sigmoid(net(parameters, unit, x[row, t], before)) for unit in range(H)])
        for unit in range(H):
            candidate = math.tanh(net(parameters, H + unit, x[row, t], f * before))
            h[row, unit] = before[unit] + f[unit] * (candidate - before[unit])
        y[row, t] = h[row]
    return y, (h,)


def net(parameters, row, x, h):
    total = parameters["weight_ih"][row] @ x + parameters["weight_hh"][row] @ h
    return total + sum(parameters[bias][row] for bias in ("bias_ih", "bias_hh") if bias in parameters)


def sigmoid(value):
    return 1 / (1 + math.exp(-value))
