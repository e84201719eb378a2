"""The layer-normalised LSTM from the paper's equations, one sequence at a time, in float64 NumPy.

Ba, Kiros, Hinton, "Layer Normalization", 2016, supplementary material: LN(z; alpha, beta) = alpha * (z - mu) / sigma +
beta of each product over all its channels, and of the cell where it is put out.
"""

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h, c), of x (B, T, I) and states (B, H) each."""
    get = parameters.get
    h, c = (member.copy() for member in state)
    y = np.empty((*x.shape[:2], h.shape[1]))
    for row in range(len(x)):
        for t in range(x.shape[1]):
            seen = norm(parameters["weight_ih"] @ x[row, t], parameters["gain_ih"], get("bias_ih", 0.0))
            fed = norm(parameters["weight_hh"] @ h[row], parameters["gain_hh"], get("bias_hh", 0.0))
            i, f, g, o = np.split(seen + fed, 4)
            c[row] = logistic(f) * c[row] + logistic(i) * np.tanh(g)
            y[row, t] = h[row] = logistic(o) * np.tanh(norm(c[row], parameters["gain_c"], get("shift_c", 0.0)))
    return y, (h, c)


def norm(z, alpha, beta):
    mu = z.sum() / len(z)
    return alpha * (z - mu) / np.sqrt(((z - mu) ** 2).sum() / len(z) + 1e-5) + beta


def logistic(value):
    return 1 / (1 + np.exp(-value))
