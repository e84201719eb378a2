"""The shallow piecewise-linear network, one sequence at a time, in float64 NumPy.

Hess, Monfared, Brenner, Durstewitz, "Generalized Teacher Forcing for Learning Chaotic Dynamics", 2306.04406:
z = A z + W1 relu(W2 z + h2) + h1 + C s, A diagonal; clipped, the ReLU less its value at h2 = 0.
"""

import numpy as np


def oracle(x, state, parameters, inner_size=None, clipped=False):
    """y (B, T, H) and the final state, of x (B, T, I) and a state (B, H)."""
    W2, W1 = parameters["weight_hh_0"], parameters["weight_hh_1"]
    A, C = np.diag(parameters["a"]), parameters["weight_ih"]
    h1, h2 = parameters.get("bias_ih", 0.0), parameters["threshold"]
    ys, ends = [], []
    for sequence, z in zip(x, *state, strict=True):
        for s in sequence:
            inner = np.maximum(W2 @ z + h2, 0)
            if clipped:
                inner = inner - np.maximum(W2 @ z, 0)
            z = A @ z + W1 @ inner + h1 + C @ s
            ys.append(z)
        ends.append(z)
    return np.reshape(ys, (*x.shape[:2], -1)), (np.array(ends),)
