"""Peephole LSTM from the paper's equations, one sequence and one unit at a time, in float64 NumPy.

Gers, Schraudolph, Schmidhuber, "Learning Precise Timing with LSTM Recurrent Networks", JMLR 3, 2002: input and forget
gate see the cell of the step before, the output gate the cell just updated.
"""

import math

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h, c), of x (B, T, I) and states (B, H) each."""
    h, c = (np.array(member, dtype=np.float64) for member in state)
    B, T, _ = x.shape
    H = h.shape[1]
    y = np.empty((B, T, H))
    for row in range(B):
        for t in range(T):
            before = h[row].copy()
            for unit in range(H):
                i, f, g, o = (net(parameters, gate * H + unit, x[row, t], before) for gate in range(4))
                i = sigmoid(i + parameters["p_i"][unit] * c[row, unit])
                f = sigmoid(f + parameters["p_f"][unit] * c[row, unit])
                c[row, unit] = f * c[row, unit] + i * math.tanh(g)
                o = sigmoid(o + parameters["p_o"][unit] * c[row, unit])
                h[row, unit] = o * math.tanh(c[row, unit])
            y[row, t] = h[row]
    return y, (h, c)


def net(parameters, row, x, h):
    total = parameters["weight_ih"][row] @ x + parameters["weight_hh"][row] @ h
    for bias in ("bias_ih", "bias_hh"):
        if bias in parameters:
            total += parameters[bias][row]
    return total


def sigmoid(value):
    return 1 / (1 + math.exp(-value))
