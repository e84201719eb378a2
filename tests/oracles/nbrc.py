"""The neuromodulated bistable recurrent cell from the paper's equations, one unit at a time, in float64 NumPy.

Vecoven, Ernst, Drion, "A bio-inspired bistable recurrent cell allows for long-lasting memory", arXiv 2006.05252.
"""

from math import exp, tanh

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h,), of x (B, T, I) and h (B, H)."""
    W_a, W_c, W = np.split(parameters["weight_ih"], 3)
    U_a, U_c = np.split(parameters["weight_hh"], 2)
    H = len(W)
    b_a, b_c, b = np.split(parameters.get("bias_ih", np.zeros(3 * H)), 3)
    d_a, d_c = np.split(parameters.get("bias_hh", np.zeros(2 * H)), 2)
    h, y = np.array(state[0], dtype=np.float64), np.empty((*x.shape[:2], H))
    for row in range(len(x)):
        for t in range(x.shape[1]):
            last, input = h[row].copy(), x[row, t]
            for j in range(H):
                a = 1 + tanh(W_a[j] @ input + U_a[j] @ last + b_a[j] + d_a[j])
                c = 1 / (1 + exp(-(W_c[j] @ input + U_c[j] @ last + b_c[j] + d_c[j])))
                h[row, j] = c * last[j] + (1 - c) * tanh(W[j] @ input + b[j] + a * last[j])
            y[row, t] = h[row]
    return y, (h,)
