"""The bistable recurrent cell from the paper's equations, unit by unit, in float64 NumPy.

Vecoven, Ernst, Drion, "A bio-inspired bistable recurrent cell allows for long-lasting memory", 2006.05252.
"""

import math

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final state, of x (B, T, I) and a state (B, H)."""
    h = np.array(state[0], dtype=np.float64)
    H = h.shape[1]
    y = np.empty((*x.shape[:2], H))
    for row in range(len(x)):
        for t, u in enumerate(x[row]):
            for j in range(H):
                a, c, n = (net(parameters, block * H + j, u) for block in range(3))
                a = 1 + math.tanh(a + parameters["w_a"][j] * h[row, j])
                c = 1 / (1 + math.exp(-(c + parameters["w_c"][j] * h[row, j])))
                h[row, j] = c * h[row, j] + (1 - c) * math.tanh(n + a * h[row, j])
            y[row, t] = h[row]
    return y, (h,)


def net(parameters, row, u):
    return parameters["weight_ih"][row] @ u + (parameters["bias_ih"][row] if "bias_ih" in parameters else 0.0)
