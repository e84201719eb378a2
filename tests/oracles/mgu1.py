"""MGU1 from the paper's equations, one sequence and one unit at a time, in float64 NumPy.

Heck, Salem, 2017, arXiv 1701.03452, variant 1: the minimal gated unit with f_t = sigmoid(U_f h_{t-1} + b_f).
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
        f = np.array(
            [
                sigmoid(parameters["weight_hh"][unit] @ before + parameters.get("b_f", np.zeros(H))[unit])
                for unit in range(H)
            ]
        )
        for unit in range(H):
            new = candidate(parameters, unit, x[row, t], f * before, H)
            h[row, unit] = before[unit] + f[unit] * (new - before[unit])
        y[row, t] = h[row]
    return y, (h,)


def candidate(parameters, unit, x, seen, rows_before):
    total = parameters["weight_ih"][unit] @ x + parameters["weight_hh"][rows_before + unit] @ seen
    return math.tanh(total + sum(parameters[bias][unit] for bias in ("bias_ih", "bias_hh") if bias in parameters))


def sigmoid(value):
    return 1 / (1 + math.exp(-value))
