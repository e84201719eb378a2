"""QRNN from the paper's equations (arXiv 1611.01576, section 2), row by row and step by step, in float64 NumPy.

The filters are masked: step t sees x_{t-k+1} to x_t, and the tail stands where the sequence has none of them.
"""

import numpy as np


def oracle(x, state, parameters, *, window=2, pooling="fo"):
    """y (B, T, H) and the final (c, tail), of x (B, T, I), c (B, H) and, where window > 1, tail (B, window - 1, I)."""
    filters, bias = parameters["weight_ih"], parameters.get("bias_ih")
    c, tails = state[0].copy(), state[1] if window > 1 else np.zeros((len(x), 0, x.shape[2]))
    y, last = np.empty((*x.shape[:2], c.shape[1])), np.empty_like(tails)
    banks = filters.reshape(-1, c.shape[1], *filters.shape[1:])  # Z, F, O, I: (H, I, k) each
    for row in range(len(x)):
        seen = list(tails[row]) + list(x[row])
        for t in range(x.shape[1]):
            sums = np.zeros((len(banks), c.shape[1])) if bias is None else bias.reshape(len(banks), -1).copy()
            for back in range(window):  # steps ago
                sums += banks[:, :, :, window - 1 - back] @ seen[t + window - 1 - back]
            z, gates = np.tanh(sums[0]), 1 / (1 + np.exp(-sums[1:]))
            f = gates[0]
            i = gates[2] if pooling == "ifo" else 1 - f
            c[row] = f * c[row] + i * z
            y[row, t] = c[row] if pooling == "f" else gates[1] * c[row]
        last[row] = np.array(seen)[len(seen) - (window - 1) :]
    return y, (c, last) if window > 1 else (c,)
