"""The simple recurrent unit from the paper's equations, unit by unit, in float64 NumPy.

Lei, Zhang, Wang, Dai, Artzi, "Simple Recurrent Units for Highly Parallelizable Recurrence", 1709.02755; the highway's
input is scaled by alpha.
"""

import math

import numpy as np


def oracle(x, state, parameters, highway_bias=0.0, rescale=True):
    """y (B, T, H) and the final state, of x (B, T, I) and a state (B, H)."""
    c = np.array(state[0], dtype=np.float64)
    H = c.shape[1]
    W, W_f, W_r, *W_x = np.split(parameters["weight_ih"], len(parameters["weight_ih"]) // H)
    b_f, b_r = np.split(parameters.get("bias_ih", np.zeros(2 * H)), 2)
    alpha = math.sqrt(1 + 2 * math.exp(highway_bias)) if rescale else 1.0
    y = np.empty((*x.shape[:2], H))
    for row in range(len(x)):
        for t, u in enumerate(x[row]):
            skip = W_x[0] @ u if W_x else alpha * u
            for j in range(H):
                f = logistic(W_f[j] @ u + parameters["v_f"][j] * c[row, j] + b_f[j])
                r = logistic(W_r[j] @ u + parameters["v_r"][j] * c[row, j] + b_r[j])
                c[row, j] = f * c[row, j] + (1 - f) * (W[j] @ u)
                y[row, t, j] = r * c[row, j] + (1 - r) * skip[j]
    return y, (c,)


def logistic(value):
    return 1 / (1 + math.exp(-value))
