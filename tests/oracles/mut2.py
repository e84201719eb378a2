"""MUT2 from the paper's equations, one sequence at a time, in float64 NumPy.

Jozefowicz, Zaremba, Sutskever, ICML 2015: z = sigm(W_xz x_t + W_hz h_t + b_z), r = sigm(x_t + W_hr h_t + b_r), h_{t+1}
= tanh(W_hh (r * h_t) + W_xh x_t + b_h) * z + h_t * (1 - z); an input of another width than h is projected for r. The
input weights hold z, h and the projection, the recurrent ones and the biases z, r, h.
"""

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h,), of x (B, T, I) and a state (B, H)."""
    h = np.array(state[0], dtype=np.float64)
    H = h.shape[1]
    W_z, W_h, *projection = np.split(parameters["weight_ih"], len(parameters["weight_ih"]) // H)
    U_z, U_r, U_h = np.split(parameters["weight_hh"], 3)
    biases = parameters.get("bias_ih", np.zeros(3 * H)) + parameters.get("bias_hh", 0.0)
    b_z, b_r, b_h = np.split(biases, 3)
    y = np.empty((*x.shape[:2], H))
    for row, t in np.ndindex(*x.shape[:2]):
        now, before = x[row, t], h[row].copy()
        z = sigmoid(W_z @ now + U_z @ before + b_z)
        r = sigmoid((projection[0] @ now if projection else now) + U_r @ before + b_r)
        candidate = U_h @ (r * before) + W_h @ now + b_h
        h[row] = np.tanh(candidate) * z + before * (1 - z)
        y[row, t] = h[row]
    return y, (h,)


def sigmoid(value):
    return 1 / (1 + np.exp(-value))
