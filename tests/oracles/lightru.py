"""Light recurrent unit from the paper's equations, one sequence and one unit at a time, in float64 NumPy.

Ye et al., Electronics 13(16), 2024, 3204: candidate tanh(W_h x_t), f_t = sigmoid(W_f x_t + U_f h_{t-1} + b_f), h_t =
(1 - f_t) * h_{t-1} + f_t * candidate. The input weights hold the candidate's rows, then the gate's.
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
            net = parameters["weight_ih"][H + unit] @ x[row, t] + parameters["weight_hh"][unit] @ before
            net += sum(parameters[bias][unit] for bias in ("bias_ih", "bias_hh") if bias in parameters)
            f, candidate = 1 / (1 + math.exp(-net)), math.tanh(parameters["weight_ih"][unit] @ x[row, t])
            h[row, unit] = (1 - f) * before[unit] + f * candidate
        y[row, t] = h[row]
    return y, (h,)
