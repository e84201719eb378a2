"""The structurally constrained recurrent network from the paper's equations, row by row, in float64 NumPy.

Mikolov, Joulin, Chopra, Mathieu, Ranzato, "Learning Longer Memory in Recurrent Neural Networks", arXiv 1412.7753: a
context s that forgets slowly, a hidden layer h that sees it, an output y of both. What recurs is h, and s.
"""

import numpy as np

OUTPUTS = {"tanh": np.tanh, "sigmoid": lambda v: sigmoid(v), "identity": lambda v: v}


def oracle(x, state, parameters, context_size=None, alpha=0.95, adaptive=False, nonlinearity="tanh"):
    """y (B, T, H) and the final (h, s), of x (B, T, I), h (B, H) and s (B, S)."""
    f = OUTPUTS[nonlinearity]
    H, S = state[0].shape[1], state[1].shape[1]
    keep = sigmoid(parameters["decay"]) if adaptive else np.full(S, alpha)
    B, A = parameters["weight_ih"][:S], parameters["weight_ih"][S:]
    b = parameters.get("bias_ih", np.zeros(S + H))
    if "weight_hh" in parameters:
        P, V, R, U = np.split(parameters["weight_hh"], 4)
        r, u = np.split(parameters.get("bias_hh", np.zeros(2 * H)), 2)
    else:
        (P, V), R, U = np.split(parameters["weight_hh_0"], 2), parameters["weight_hh_1"], parameters["weight_hh_2"]
        r, u = (parameters.get(f"bias_hh_{i}", np.zeros(H)) for i in (1, 2))
    outputs, finals = np.empty((*x.shape[:2], H)), []
    for row in range(len(x)):
        h, s = state[0][row], state[1][row]
        for t in range(x.shape[1]):
            s = (1 - keep) * (B @ x[row, t] + b[:S]) + keep * s
            h = sigmoid(P @ s + A @ x[row, t] + R @ h + (b[S:] + r))
            outputs[row, t] = f(U @ h + V @ s + u)
        finals.append((h, s))
    return outputs, tuple(np.array(member) for member in zip(*finals, strict=True))


def sigmoid(v):
    return 1 / (1 + np.exp(-v))
