"""The non-saturating recurrent unit, one head at a time, in float64 NumPy.

Chandar, Sankar, Vorontsov, Kahou, Bengio, "Towards Non-saturating Recurrent Units for Modelling Long-term
Dependencies", arXiv 1902.06704, with what the authors' code settles: heads read [h_t, m_{t-1}], what they write is cut
from one outer product, and has length 1 in the 5-norm.
"""

import numpy as np


def oracle(x, state, parameters, memory_size=64, heads=4, relu=False, mean=False):
    """y (B, T, H) and the final (h, m), of x (B, T, I), h (B, H) and m (B, M)."""
    H, M = state[0].shape[1], memory_size
    root = round((heads * M) ** 0.5)
    columns = 2 * heads + 4 * root
    weights, biases = products(parameters, [H, H, columns, columns])
    rectify = (lambda v: np.where(v > 0, v, 0.0)) if relu else (lambda v: v)
    y, finals = np.empty((*x.shape[:2], H)), []
    for row in range(len(x)):
        h, m = state[0][row], state[1][row]
        for t in range(x.shape[1]):
            a = parameters["weight_ih"] @ x[row, t] + parameters.get("bias_ih", 0.0)
            h = np.maximum(0, a + weights[0] @ m + weights[1] @ h + biases[0])
            g = weights[2] @ m + weights[3] @ h + biases[1]
            ends = np.cumsum([heads, heads, root, root, root])
            write, erase, p, q, r, s = np.split(g, ends)
            change = np.zeros(M)
            for sign, strengths, left, right in ((1, write, p, q), (-1, erase, r, s)):
                flat = np.outer(left, right).ravel()
                for k in range(heads):
                    direction = rectify(flat[k * M : (k + 1) * M])
                    length = (np.abs(direction) ** 5).sum() ** 0.2
                    change += sign * rectify(strengths[k]) * direction / max(length, 1e-12)
            m = m + change / (heads if mean else 1)
            y[row, t] = h
        finals.append((h, m))
    return y, tuple(np.array(member) for member in zip(*finals, strict=True))


def products(parameters, rows):
    """The four products' weights, by their rows, and the biases of the second and of the last."""
    if "weight_hh" in parameters:
        cuts = np.cumsum(rows)[:-1]
        biases = parameters.get("bias_hh", np.zeros(rows[1] + rows[3]))
        return np.split(parameters["weight_hh"], cuts), np.split(biases, [rows[1]])
    weights = [parameters[f"weight_hh_{i}"] for i in range(4)]
    return weights, [parameters.get(f"bias_hh_{i}", np.zeros(rows[i])) for i in (1, 3)]
