"""The stackable recurrent cell from the paper's equations, row by row, in float64 NumPy.

Turkoglu, D'Aronco, Wegner, Schindler, "Gating Revisited: Deep Multi-layer RNNs That Can Be Trained", arXiv 1911.11033.
"""

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h,), of x (B, T, I) and h (B, H)."""
    W_z, W_k = np.split(parameters["weight_ih"], 2)
    U = parameters["weight_hh"]
    b_z, b_k = np.split(parameters.get("bias_ih", np.zeros(2 * len(U))), 2)
    b_k = b_k + parameters.get("bias_hh", 0.0)
    rows, finals = [], []
    for sequence, h in zip(x, state[0], strict=True):
        steps = []
        for input in sequence:
            z = np.tanh(W_z @ input + b_z)
            k = 1 / (1 + np.exp(-(W_k @ input + U @ h + b_k)))
            h = np.tanh(h + k * (z - h))
            steps.append(h)
        rows.append(steps)
        finals.append(h)
    return np.array(rows), (np.array(finals),)
