"""MiRU-1 from its equations, row by row, in float64 NumPy.

Zyarah, Kudithipudi, "Minion gated recurrent unit for continual learning", arXiv 2503.06175: a reset gate, and a
constant in place of the update gate.
"""

import numpy as np


def oracle(x, state, parameters, update_coefficient=0.5):
    """y (B, T, H) and the final (h,), of x (B, T, I) and h (B, H)."""
    W_r, W_h = np.split(parameters["weight_ih"], 2)
    U_r, U_h = np.split(parameters["weight_hh"], 2)
    b = parameters.get("bias_ih", np.zeros(2 * len(U_r))) + parameters.get("bias_hh", np.zeros(2 * len(U_r)))
    b_r, b_h = np.split(b, 2)
    rows, finals = [], []
    for sequence, h in zip(x, state[0], strict=True):
        steps = []
        for input in sequence:
            r = 1 / (1 + np.exp(-(W_r @ input + U_r @ h + b_r)))
            candidate = np.tanh(W_h @ input + U_h @ (r * h) + b_h)
            h = candidate + update_coefficient * (h - candidate)
            steps.append(h)
        rows.append(steps)
        finals.append(h)
    return np.array(rows), (np.array(finals),)
