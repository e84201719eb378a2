"""Residual LSTM from the paper's equations, one sequence at a time, in float64 NumPy.

Kim, El-Khamy, Lee, "Residual LSTM", 2017: r = tanh(c), m = W_p r, and the output gate opens on m + W_h x.
"""

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h, c), of x (B, T, I) and states (B, H) each."""
    h, c = (member.copy() for member in state)
    H = h.shape[1]
    *W, W_h = np.split(parameters["weight_ih"], 5)
    *U, W_p = np.split(parameters["weight_hh"], 5)
    b = sum((parameters[name] for name in ("bias_ih", "bias_hh") if name in parameters), np.zeros(4 * H)).reshape(4, H)
    y = np.empty((*x.shape[:2], H))
    for row in range(len(x)):
        for t, now in enumerate(x[row]):
            i, f, g, o = (W[k] @ now + U[k] @ h[row] + b[k] for k in range(4))
            i = logistic(i + parameters["p_i"] * c[row])
            f = logistic(f + parameters["p_f"] * c[row])
            c[row] = f * c[row] + i * np.tanh(g)
            o = logistic(o + parameters["p_o"] * c[row])
            m = W_p @ np.tanh(c[row])
            y[row, t] = h[row] = o * (m + W_h @ now)
    return y, (h, c)


def logistic(value):
    return 1 / (1 + np.exp(-value))
