"""Long expressive memory from the paper's equations, one sequence at a time, in float64 NumPy.

Rusch, Mishra, Erichson, Mahoney, "Long Expressive Memory for Sequence Modeling", 2110.04744: y sees the new z.
"""

import numpy as np


def oracle(x, state, parameters, dt=1.0):
    """y (B, T, H) and the final (y, z), of x (B, T, I) and states (B, H) each."""
    V_bar, V_dt, V_z, V_y = np.split(parameters["weight_ih"], 4)
    W_bar, W_dt, W_z, W_y = np.split(parameters["weight_hh"], 4)
    bias = sum(parameters.get(name, np.zeros(len(parameters["weight_ih"]))) for name in ("bias_ih", "bias_hh"))
    b_bar, b_dt, b_z, b_y = np.split(bias, 4)
    ys, ends = [], []
    for sequence, y, z in zip(x, *state, strict=True):
        for u in sequence:
            slow = dt * logistic(W_dt @ y + V_dt @ u + b_dt)
            fast = dt * logistic(W_bar @ y + V_bar @ u + b_bar)
            z = z + slow * (np.tanh(W_z @ y + V_z @ u + b_z) - z)
            y = y + fast * (np.tanh(W_y @ z + V_y @ u + b_y) - y)
            ys.append(y)
        ends.append((y, z))
    return np.reshape(ys, (*x.shape[:2], -1)), tuple(np.array(member) for member in zip(*ends, strict=True))


def logistic(value):
    return 0.5 * (1 + np.tanh(value / 2))
