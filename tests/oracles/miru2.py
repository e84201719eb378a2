"""MiRU-2 from its equations, row by row, in float64 NumPy.

Zyarah, Kudithipudi, "Minion gated recurrent unit for continual learning", arXiv 2503.06175: constants in place of both
of a GRU's gates.
"""

import numpy as np


def oracle(x, state, parameters, update_coefficient=0.5, reset_coefficient=0.5):
    """y (B, T, H) and the final (h,), of x (B, T, I) and h (B, H)."""
    W, U = parameters["weight_ih"], parameters["weight_hh"]
    b = parameters.get("bias_ih", 0.0) + parameters.get("bias_hh", 0.0)
    rows, finals = [], []
    for sequence, h in zip(x, state[0], strict=True):
        steps = []
        for input in sequence:
            candidate = np.tanh(W @ input + U @ (reset_coefficient * h) + b)
            h = candidate + update_coefficient * (h - candidate)
            steps.append(h)
        rows.append(steps)
        finals.append(h)
    return np.array(rows), (np.array(finals),)
