"""UnICORNN from the paper's scheme, unit by unit, in float64 NumPy.

Rusch, Mishra, "UnICORNN: A recurrent model for learning very long time dependencies", 2103.05487.
"""

import math

import numpy as np


def oracle(x, state, parameters, dt=0.2, alpha=0.0):
    """y (B, T, H) and the final (y, z), of x (B, T, I) and states (B, H) each."""
    y, z = (np.array(member, dtype=np.float64) for member in state)
    out = np.empty((*x.shape[:2], y.shape[1]))
    for unit, V in enumerate(parameters["weight_ih"]):
        w = parameters["w"][unit]
        b = parameters["bias_ih"][unit] if "bias_ih" in parameters else 0.0
        step = dt / (1 + math.exp(-parameters["c"][unit]))
        for row in range(len(x)):
            for t, u in enumerate(x[row]):
                z[row, unit] -= step * (math.tanh(w * y[row, unit] + V @ u + b) + alpha * y[row, unit])
                y[row, unit] += step * z[row, unit]
                out[row, t, unit] = y[row, unit]
    return out, (y, z)
