"""The strongly typed LSTM of Balduzzi and Ghifary, arXiv 1602.02218, in float64 NumPy."""

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (c, x), of x (B, T, I), c (B, H) and the step before, (B, 1, I)."""
    c, previous = state[0], state[1][:, 0]
    V, W = np.moveaxis(parameters["weight_ih"], 2, 0)  # of x_{t-1} and of x_t
    bias = parameters.get("bias_ih", 0.0)
    y = []
    for t in range(x.shape[1]):
        z, f, o = np.split(previous @ V.T + x[:, t] @ W.T + bias, 3, axis=1)
        forgotten = 1 / (1 + np.exp(f))
        c = (1 - forgotten) * c + forgotten * z
        y.append(c * np.tanh(o))
        previous = x[:, t]
    return np.stack(y, 1), (c, previous[:, None])
