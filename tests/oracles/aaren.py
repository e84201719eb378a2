"""Aaren as softmax attention over every prefix, float64 NumPy: arXiv 2405.13956.

The state that comes in counts as one token more, of score m + log u and of value w / u.
"""

import numpy as np


def oracle(x, state, parameters, *, heads=1, **options):
    """y (B, T, H) and the final m, u (B, heads) and w (B, heads, H / heads), of x (B, T, I) and such a state."""
    weight, query = parameters["weight_ih"], parameters["query"]
    H = len(weight) // 2
    size = H // heads
    y = np.empty((*x.shape[:2], H))
    m, u, w = (np.array(member) for member in state)
    for row in range(len(x)):
        keys = x[row] @ weight[:H].T
        values = x[row] @ weight[H:].T + parameters.get("bias_ih", 0.0)
        for head in range(heads):
            own = slice(head * size, (head + 1) * size)
            scores = np.concatenate(([m[row, head] + np.log(u[row, head])], keys[:, own] @ query[own]))
            tokens = np.concatenate((w[row, head][None] / u[row, head], values[:, own]))
            for t in range(len(x[row])):
                seen = np.exp(scores[: t + 2] - scores[: t + 2].max())
                y[row, t, own] = seen / seen.sum() @ tokens[: t + 2]
            largest = max(m[row, head], scores[1:].max())
            seen = np.exp(scores - largest)
            m[row, head], u[row, head], w[row, head] = largest, seen.sum(), seen @ tokens
    return y, (m, u, w)
