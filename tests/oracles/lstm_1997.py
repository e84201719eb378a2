"""The LSTM of 1997 from the paper's equations, one sequence and one memory cell at a time, in float64 NumPy.

Hochreiter, Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997: s(t) = s(t-1) + y_in g(net_c), and the
cell puts out y_out h(s); f, g and h squash to (0, 1), (-2, 2) and (-1, 1).
"""

import math

import numpy as np


def oracle(x, state, parameters, squashing="logistic"):
    """y (B, T, H) and the final (h, c), of x (B, T, I) and states (B, H) each."""
    h, c = (np.array(member, dtype=np.float64) for member in state)
    y = np.empty((*x.shape[:2], h.shape[1]))
    for row in range(len(x)):
        for t, now in enumerate(x[row]):
            before = h[row].copy()
            for cell in range(h.shape[1]):
                net_in, net_c, net_out = (net(parameters, block * h.shape[1] + cell, now, before) for block in range(3))
                if squashing == "logistic":
                    c[row, cell] += logistic(net_in) * (4 / (1 + math.exp(-net_c)) - 2)
                    h[row, cell] = logistic(net_out) * (2 / (1 + math.exp(-c[row, cell])) - 1)
                else:
                    c[row, cell] += logistic(net_in) * math.tanh(net_c)
                    h[row, cell] = logistic(net_out) * math.tanh(c[row, cell])
            y[row, t] = h[row]
    return y, (h, c)


def net(parameters, unit, x, h):
    biases = sum(parameters[name][unit] for name in ("bias_ih", "bias_hh") if name in parameters)
    return biases + parameters["weight_ih"][unit] @ x + parameters["weight_hh"][unit] @ h


def logistic(value):
    return 1 / (1 + math.exp(-value))
