"""The cell found by architecture search, one unit at a time, in float64 NumPy.

Zoph, Le, "Neural Architecture Search with Reinforcement Learning", arXiv 1611.01578, with the leaves of
TensorFlow's contrib package: the fourth one multiplies, the others add.
"""

from math import exp, tanh

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h, c), of x (B, T, I) and states (B, H) each."""
    h, c = (np.array(member, dtype=np.float64) for member in state)
    H = h.shape[1]
    y = np.empty((*x.shape[:2], H))
    for row in range(len(x)):
        for t in range(x.shape[1]):
            of_x = side(parameters, "ih", x[row, t])  # (8H,)
            of_h = side(parameters, "hh", h[row])
            for unit in range(H):
                h[row, unit], c[row, unit] = tree(of_x[unit::H], of_h[unit::H], c[row, unit])
            y[row, t] = h[row]
    return y, (h, c)


def tree(a, m, c):
    """The new (h, c) of one unit, of its eight inputs from x, its eight from h, and its cell."""
    first = tanh(sigmoid(a[0] + m[0]) * max(0.0, a[1] + m[1]))
    second = tanh(sigmoid(a[2] + m[2]) + max(0.0, a[3] * m[3]))
    third = tanh(tanh(a[4] + m[4]) * sigmoid(a[5] + m[5]))
    fourth = sigmoid(tanh(a[6] + m[6]) + sigmoid(a[7] + m[7]))
    c = tanh(first + c) * second
    return tanh(c * tanh(third + fourth)), c


def side(parameters, name, value):
    product = parameters[f"weight_{name}"] @ value
    return product + parameters.get(f"bias_{name}", 0.0)


def sigmoid(v):
    return 1 / (1 + exp(-v))
