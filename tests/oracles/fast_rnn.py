"""FastRNN from the paper's equations, row by row, in float64 NumPy.

Kusupati et al., "FastGRNN: A Fast, Accurate, Stable and Tiny Kilobyte Sized Gated Recurrent Neural Network",
arXiv 1901.02358; a matrix of low rank is a product of two.
"""

import numpy as np

FUNCTIONS = {
    "tanh": np.tanh,
    "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
    "relu": lambda v: np.where(v > 0, v, 0.0),
}


def oracle(x, state, parameters, nonlinearity="tanh", input_rank=None, recurrent_rank=None):
    """y (B, T, H) and the final (h,), of x (B, T, I) and h (B, H)."""
    W, U = parameters["weight_ih"], parameters["weight_hh"]
    if input_rank is not None:
        W = W @ parameters["weight_ih_low"]
    if recurrent_rank is not None:
        U = U @ parameters["weight_hh_low"]
    b = parameters.get("bias_ih", 0.0) + parameters.get("bias_hh", 0.0)
    alpha, beta = (1 / (1 + np.exp(-float(parameters[name][0]))) for name in ("alpha", "beta"))
    rows, finals = [], []
    for sequence, h in zip(x, state[0], strict=True):
        steps = []
        for input in sequence:
            h = alpha * FUNCTIONS[nonlinearity](W @ input + U @ h + b) + beta * h
            steps.append(h)
        rows.append(steps)
        finals.append(h)
    return np.array(rows), (np.array(finals),)
