"""LSTM with working memory connections from the paper's equations, one sequence at a time, in float64 NumPy.

Landi et al., "Working Memory Connections for LSTM", 2021: input and forget gate see tanh of a projection of the last
cell, the output gate of the cell just updated.
"""

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h, c), of x (B, T, I) and states (B, H) each."""
    H = state[0].shape[1]
    W = dict(zip("ifgo", np.split(parameters["weight_ih"], 4), strict=True))
    V_i, V_f, *rest, V_o = np.split(parameters["weight_hh"], 7)
    U = dict(zip("ifgo", rest, strict=True))
    b = parameters.get("bias_ih", np.zeros(4 * H)) + parameters.get("bias_hh", np.zeros(4 * H))
    b = dict(zip("ifgo", np.split(b, 4), strict=True))
    y, ends = np.empty((*x.shape[:2], H)), ([], [])
    for row in range(len(x)):
        h, c = state[0][row], state[1][row]
        for t, now in enumerate(x[row]):
            net = {gate: W[gate] @ now + U[gate] @ h + b[gate] for gate in "ifgo"}
            i = logistic(net["i"] + np.tanh(V_i @ c))
            f = logistic(net["f"] + np.tanh(V_f @ c))
            c = f * c + i * np.tanh(net["g"])
            h = logistic(net["o"] + np.tanh(V_o @ c)) * np.tanh(c)
            y[row, t] = h
        for end, member in zip(ends, (h, c), strict=True):
            end.append(member)
    return y, tuple(map(np.stack, ends))


def logistic(value):
    return 1 / (1 + np.exp(-value))
