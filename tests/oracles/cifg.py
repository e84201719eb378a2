"""CIFG from the paper's equations, a batch at a time, in float64 NumPy.

Greff et al., "LSTM: A Search Space Odyssey", 2015: the vanilla LSTM with f = 1 - i. The paper's input gate has the
negated weights of the forget gate given here, so that is where this begins.
"""

import numpy as np


def oracle(x, state, parameters, peepholes=True):
    """y (B, T, H) and the final (h, c), of x (B, T, I) and states (B, H) each."""
    h, c = state
    H = h.shape[1]
    W, R = parameters["weight_ih"], parameters["weight_hh"]
    b = parameters.get("bias_ih", np.zeros(3 * H)) + parameters.get("bias_hh", np.zeros(3 * H))
    p_i, p_o = (-parameters["p_f"], parameters["p_o"]) if peepholes else (0.0, 0.0)
    W_i, W_z, W_o = -W[:H], W[H : 2 * H], W[2 * H :]
    R_i, R_z, R_o = -R[:H], R[H : 2 * H], R[2 * H :]
    b_i, b_z, b_o = -b[:H], b[H : 2 * H], b[2 * H :]
    y = np.empty((*x.shape[:2], H))
    for t in range(x.shape[1]):
        z = np.tanh(x[:, t] @ W_z.T + h @ R_z.T + b_z)
        i = logistic(x[:, t] @ W_i.T + h @ R_i.T + p_i * c + b_i)
        f = 1 - i
        c = z * i + c * f
        o = logistic(x[:, t] @ W_o.T + h @ R_o.T + p_o * c + b_o)
        y[:, t] = h = np.tanh(c) * o
    return y, (h, c)


def logistic(value):
    return 1 / (1 + np.exp(-value))
