"""The simple gated recurrent network from its equations, row by row, in float64 NumPy.

Zu, Wei, "A simple gated recurrent network for detection of power quality disturbances", doi 10.1049/gtd2.12056.
"""

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h,), of x (B, T, I) and h (B, H)."""
    W, U = parameters["weight_ih"], parameters["weight_hh"]
    b, d = parameters.get("bias_ih", 0.0), parameters.get("bias_hh", 0.0)
    rows, finals = [], []
    for sequence, h in zip(x, state[0], strict=True):
        steps = []
        for input in sequence:
            of_x = W @ input + b
            forget = 1 / (1 + np.exp(-of_x - U @ h - d))
            h = np.tanh(of_x + forget * (h - of_x))
            steps.append(h)
        rows.append(steps)
        finals.append(h)
    return np.array(rows), (np.array(finals),)
