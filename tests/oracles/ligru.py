"""LiGRU from the paper's equations, one sequence and one unit at a time, in float64 NumPy.

Ravanelli, Brakel, Omologo, Bengio, 2018, arXiv 1803.10225: z_t = sigmoid(BN(W_z x_t) + U_z h_{t-1}), candidate
ReLU(BN(W_h x_t) + U_h h_{t-1}), h_t = z_t * h_{t-1} + (1 - z_t) * candidate; batch norm (Ioffe, Szegedy, 2015) by the
averages it keeps. The parameters hold the gate's rows, then the candidate's.
"""

import math

import numpy as np


def oracle(x, state, parameters, batch_norm=True):
    """y (B, T, H) and the final (h,), of x (B, T, I) and a state (B, H)."""
    h = np.array(state[0], dtype=np.float64)
    H = h.shape[1]
    y = np.empty((*x.shape[:2], H))
    for row, t in np.ndindex(*x.shape[:2]):
        before = h[row].copy()
        for unit in range(H):
            z, candidate = (
                normalised(parameters, at, parameters["weight_ih"][at] @ x[row, t], batch_norm)
                + parameters["weight_hh"][at] @ before
                for at in (unit, H + unit)
            )
            z = 1 / (1 + math.exp(-z))
            h[row, unit] = z * before[unit] + (1 - z) * max(candidate, 0.0)
        y[row, t] = h[row]
    return y, (h,)


def normalised(parameters, at, value, batch_norm):
    if not batch_norm:
        return value + sum(parameters[bias][at] for bias in ("bias_ih", "bias_hh") if bias in parameters)
    value = (value - parameters["norm_mean"][at]) / math.sqrt(parameters["norm_var"][at] + 1e-5)
    return parameters["norm_weight"][at] * value + (parameters["norm_bias"][at] if "norm_bias" in parameters else 0.0)
