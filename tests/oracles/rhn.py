"""The recurrent highway network from the paper's equations, row by row, in float64 NumPy.

Zilly, Srivastava, Koutník, Schmidhuber, "Recurrent Highway Networks", arXiv 1607.03474: the input enters the first of
the highway layers of a step only.
"""

import numpy as np


def oracle(x, state, parameters, depth=3, coupled=True, transform_bias=-2.0):
    """y (B, T, H) and the final (h,), of x (B, T, I) and h (B, H); transform_bias is where training starts."""
    kinds = 2 if coupled else 3
    W = np.split(parameters["weight_ih"], kinds)
    H = len(W[0])
    b = np.split(parameters.get("bias_ih", np.zeros(kinds * H)), kinds)
    R = parameters["weight_hh"].reshape(depth, kinds, H, H)
    d = parameters.get("bias_hh", np.zeros(depth * kinds * H)).reshape(depth, kinds, H)
    rows, finals = [], []
    for sequence, s in zip(x, state[0], strict=True):
        steps = []
        for input in sequence:
            for layer in range(depth):
                a = [R[layer, k] @ s + d[layer, k] for k in range(kinds)]
                if layer == 0:
                    a = [total + W[k] @ input + b[k] for k, total in enumerate(a)]
                transform = sigmoid(a[1])
                carry = 1 - transform if coupled else sigmoid(a[2])
                s = np.tanh(a[0]) * transform + s * carry
            steps.append(s)
        rows.append(steps)
        finals.append(s)
    return np.array(rows), (np.array(finals),)


def sigmoid(v):
    return 1 / (1 + np.exp(-v))
