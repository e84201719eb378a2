"""RAN from the paper's equations, one sequence and one unit at a time, in float64 NumPy.

Lee, Levy, Zettlemoyer, 2017, arXiv 1705.07393: content W x_t, c_t = i_t * content + f_t * c_{t-1}, h_t = g(c_t). The
input weights hold the rows of content, i, f; recurrent weights and biases those of i, f.
"""

import math

import numpy as np


def oracle(x, state, parameters, nonlinearity="tanh"):
    """y (B, T, H) and the final (h, c), of x (B, T, I) and states (B, H) each."""
    h, c = (np.array(member, dtype=np.float64) for member in state)
    H = h.shape[1]
    y = np.empty((*x.shape[:2], H))
    for row, t in np.ndindex(*x.shape[:2]):
        before = h[row].copy()
        for unit in range(H):
            i, f = (gate(parameters, block * H + unit, H, x[row, t], before) for block in range(2))
            c[row, unit] = i * (parameters["weight_ih"][unit] @ x[row, t]) + f * c[row, unit]
            h[row, unit] = {"tanh": math.tanh, "identity": float}[nonlinearity](c[row, unit])
        y[row, t] = h[row]
    return y, (h, c)


def gate(parameters, row, H, x, h):
    total = parameters["weight_ih"][H + row] @ x + parameters["weight_hh"][row] @ h
    total += sum(parameters[bias][row] for bias in ("bias_ih", "bias_hh") if bias in parameters)
    return 1 / (1 + math.exp(-total))
