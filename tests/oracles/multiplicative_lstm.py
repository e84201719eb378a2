"""The multiplicative LSTM from the paper's equations, one sequence at a time, in float64 NumPy.

Krause, Lu, Murray, Renals, "Multiplicative LSTM for Sequence Modelling", 2016: m = (W_mx x) * (W_mh h), and every unit
of the LSTM sees x and m.
"""

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h, c), of x (B, T, I) and states (B, H) each."""
    h, c = (member.copy() for member in state)
    H = h.shape[1]
    W_mx, W_x = parameters["weight_ih"][:H], parameters["weight_ih"][H:]
    W_mh, W_m = parameters["weight_hh"][:H], parameters["weight_hh"][H:]
    b = sum((parameters[name] for name in ("bias_ih", "bias_hh") if name in parameters), np.zeros(4 * H))
    y = np.empty((*x.shape[:2], H))
    for row in range(len(x)):
        for t, now in enumerate(x[row]):
            m = (W_mx @ now) * (W_mh @ h[row])
            net = W_x @ now + W_m @ m + b
            i, f, o = (logistic(net[k * H : (k + 1) * H]) for k in (0, 1, 3))
            c[row] = f * c[row] + i * np.tanh(net[2 * H : 3 * H])
            y[row, t] = h[row] = np.tanh(c[row]) * o
    return y, (h, c)


def logistic(value):
    return 1 / (1 + np.exp(-value))
