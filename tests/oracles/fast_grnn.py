"""FastGRNN from the paper's equations, one unit at a time, in float64 NumPy.

Kusupati et al., "FastGRNN: A Fast, Accurate, Stable and Tiny Kilobyte Sized Gated Recurrent Neural Network",
arXiv 1901.02358: gate and candidate have the same weights; a matrix of low rank is a product of two.
"""

from math import exp, tanh

import numpy as np


def oracle(x, state, parameters, input_rank=None, recurrent_rank=None):
    """y (B, T, H) and the final (h,), of x (B, T, I) and h (B, H)."""
    W, U = parameters["weight_ih"], parameters["weight_hh"]
    W = W if input_rank is None else W @ parameters["weight_ih_low"]
    U = U if recurrent_rank is None else U @ parameters["weight_hh_low"]
    H = len(U)
    b_z, b_h = (parameters.get(name, np.zeros(H)) for name in ("bias_z", "bias_h"))
    zeta, nu = (sigmoid(float(parameters[name][0])) for name in ("zeta", "nu"))
    h, y = np.array(state[0], dtype=np.float64), np.empty((*x.shape[:2], H))
    for row in range(len(x)):
        for t in range(x.shape[1]):
            shared = W @ x[row, t] + U @ h[row]
            for j in range(H):
                z, n = sigmoid(shared[j] + b_z[j]), tanh(shared[j] + b_h[j])
                h[row, j] = (zeta * (1 - z) + nu) * n + z * h[row, j]
            y[row, t] = h[row]
    return y, (h,)


def sigmoid(v):
    return 1 / (1 + exp(-v))
