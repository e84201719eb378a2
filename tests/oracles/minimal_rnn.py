"""MinimalRNN from the paper's equations, one sequence at a time, in float64 NumPy.

Chen, 2017, arXiv 1711.06788: z_t = tanh(W_x x_t + b_z), u_t = sigmoid(U_h h_{t-1} + U_z z_t + b_u), h_t = u_t *
h_{t-1} + (1 - u_t) * z_t. The input's bias holds b_z, then b_u.
"""

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h,), of x (B, T, I) and a state (B, H)."""
    h = np.array(state[0], dtype=np.float64)
    H = h.shape[1]
    b_z, b_u = np.split(parameters.get("bias_ih", np.zeros(2 * H)), 2)
    b_u = b_u + parameters.get("bias_hh", 0.0)
    y = np.empty((*x.shape[:2], H))
    for row, t in np.ndindex(*x.shape[:2]):
        z = np.tanh(parameters["weight_ih"] @ x[row, t] + b_z)
        u = 1 / (1 + np.exp(-(parameters["weight_hh"] @ h[row] + parameters["weight_zh"] @ z + b_u)))
        h[row] = u * h[row] + (1 - u) * z
        y[row, t] = h[row]
    return y, (h,)
