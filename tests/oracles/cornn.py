"""The coupled oscillatory network from the paper's scheme (3), one sequence at a time, in float64 NumPy.

Rusch, Mishra, "Coupled Oscillatory Recurrent Neural Network", 2010.00951: the damping of z is taken at the step before
("explicit") or at the step itself ("implicit").
"""

import numpy as np


def oracle(x, state, parameters, dt=0.1, gamma=1.0, epsilon=1.0, damping="explicit"):
    """y (B, T, H) and the final (y, z), of x (B, T, I) and states (B, H) each."""
    W_z, W_y = np.split(parameters["weight_hh"], 2)
    V, b = parameters["weight_ih"], parameters.get("bias_ih", 0.0)
    ys, ends = [], []
    for sequence, y, z in zip(x, *state, strict=True):
        for u in sequence:
            force = np.tanh(W_y @ y + W_z @ z + V @ u + b) - gamma * y
            if damping == "explicit":
                z = z + dt * force - dt * epsilon * z
            else:
                z = np.linalg.solve((1 + dt * epsilon) * np.eye(len(z)), z + dt * force)
            y = y + dt * z
            ys.append(y)
        ends.append((y, z))
    return np.reshape(ys, (*x.shape[:2], -1)), tuple(np.array(member) for member in zip(*ends, strict=True))
