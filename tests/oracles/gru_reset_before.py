"""GRU with the reset gate before the product, one sequence at a time, in float64 NumPy.

Cho et al., arXiv 1406.1078 v3, equations 5 to 8: the candidate's product is of r * h. The update gate keeps the old
state (z near 1: h stays), blocks of the weights are r, z, candidate.
"""

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h,), of x (B, T, I) and h (B, H)."""
    (start,) = state
    H = start.shape[1]
    W = {gate: parameters["weight_ih"][k * H : (k + 1) * H] for k, gate in enumerate("rzn")}
    U = {gate: parameters["weight_hh"][k * H : (k + 1) * H] for k, gate in enumerate("rzn")}
    b = {gate: np.zeros(H) for gate in "rzn"}
    for name in ("bias_ih", "bias_hh"):
        for k, gate in enumerate("rzn"):
            if name in parameters:
                b[gate] = b[gate] + parameters[name][k * H : (k + 1) * H]
    y, final = np.empty((x.shape[0], x.shape[1], H)), np.empty_like(start, dtype=np.float64)
    for row, h in enumerate(start):
        for t, now in enumerate(x[row]):
            r = 1 / (1 + np.exp(-(W["r"] @ now + U["r"] @ h + b["r"])))
            z = 1 / (1 + np.exp(-(W["z"] @ now + U["z"] @ h + b["z"])))
            candidate = np.tanh(W["n"] @ now + U["n"] @ (r * h) + b["n"])
            h = z * h + (1 - z) * candidate
            y[row, t] = h
        final[row] = h
    return y, (final,)
