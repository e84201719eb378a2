"""MUT1 from the paper's equations, one sequence at a time, in float64 NumPy.

Jozefowicz, Zaremba, Sutskever, ICML 2015: z = sigm(W_xz x_t + b_z), r = sigm(W_xr x_t + W_hr h_t + b_r), h_{t+1} =
tanh(W_hh (r * h_t) + tanh(x_t) + b_h) * z + h_t * (1 - z); an input of another width than h is projected. The input
weights hold r, z and the projection, the recurrent ones r, h, the biases r, z, h and r, h.
"""

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h,), of x (B, T, I) and a state (B, H)."""
    h = np.array(state[0], dtype=np.float64)
    H = h.shape[1]
    W_r, W_z, *projection = np.split(parameters["weight_ih"], len(parameters["weight_ih"]) // H)
    U_r, U_h = np.split(parameters["weight_hh"], 2)
    b_r, b_z, b_h = np.split(parameters.get("bias_ih", np.zeros(3 * H)), 3)
    c_r, c_h = np.split(parameters.get("bias_hh", np.zeros(2 * H)), 2)
    y = np.empty((*x.shape[:2], H))
    for row, t in np.ndindex(*x.shape[:2]):
        now, before = x[row, t], h[row].copy()
        z = sigmoid(W_z @ now + b_z)
        r = sigmoid(W_r @ now + U_r @ before + b_r + c_r)
        wide = projection[0] @ now if projection else now
        candidate = U_h @ (r * before) + np.tanh(wide) + b_h + c_h
        h[row] = np.tanh(candidate) * z + before * (1 - z)
        y[row, t] = h[row]
    return y, (h,)


def sigmoid(value):
    return 1 / (1 + np.exp(-value))
