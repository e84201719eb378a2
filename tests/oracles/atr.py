"""ATR from the paper's equations, one sequence and one unit at a time, in float64 NumPy.

Zhang, Xiong, Su, Lin, Zhang, 2018, arXiv 1810.12546: p = W x_t, q = U h_{t-1} (with a bias, as in the first author's
code), i = sigmoid(p + q), f = sigmoid(p - q), h_t = i * p + f * h_{t-1}.
"""

import math

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h,), of x (B, T, I) and a state (B, H)."""
    h = np.array(state[0], dtype=np.float64)
    H = h.shape[1]
    bias = parameters.get("bias_hh", np.zeros(H))
    y = np.empty((*x.shape[:2], H))
    for row, t in np.ndindex(*x.shape[:2]):
        before = h[row].copy()
        for unit in range(H):
            p = parameters["weight_ih"][unit] @ x[row, t]
            q = parameters["weight_hh"][unit] @ before + bias[unit]
            h[row, unit] = p / (1 + math.exp(-p - q)) + before[unit] / (1 + math.exp(q - p))
        y[row, t] = h[row]
    return y, (h,)
