"""The deep simple gated unit from the paper's equations, row by row, in float64 NumPy.

Gao, Glowacka, "Deep Gate Recurrent Neural Network", arXiv 1604.02910.
"""

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h,), of x (B, T, I) and h (B, H)."""
    W_g, W_z = np.split(parameters["weight_ih"], 2)
    U_z, U_g, U_o = np.split(parameters["weight_hh"], 3)
    b_g, b_z = np.split(parameters.get("bias_ih", np.zeros(2 * len(W_g))), 2)
    d_z, d_g, d_o = np.split(parameters.get("bias_hh", np.zeros(3 * len(W_g))), 3)
    rows, finals = [], []
    for sequence, h in zip(x, state[0], strict=True):
        steps = []
        for input in sequence:
            modulation = np.tanh(U_g @ ((W_g @ input + b_g) * h) + d_g)
            out = 1 / (1 + np.exp(-(U_o @ (modulation * h) + d_o)))
            z = np.clip((W_z @ input + b_z + U_z @ h + d_z + 3) / 6, 0, 1)  # hard sigmoid
            h = (1 - z) * h + z * out
            steps.append(h)
        rows.append(steps)
        finals.append(h)
    return np.array(rows), (np.array(finals),)
