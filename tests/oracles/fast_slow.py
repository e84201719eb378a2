"""The fast-slow LSTM from the paper's equations, one sequence at a time, float64 NumPy: arXiv 1705.08639."""

import numpy as np


def oracle(x, state, parameters, *, fast_cells=2, **options):
    """y (B, T, H) and the final (h, c of the fast cells, h, c of the slow), of x (B, T, I) and such states."""
    y, ends = [], []
    for row in range(len(x)):
        fast, slow = (state[0][row], state[1][row]), (state[2][row], state[3][row])
        y.append([])
        for now in x[row]:
            fast = lstm(now, fast, parameters, "fast_chain.0.")
            slow = lstm(fast[0], slow, parameters, "slow_cell.")
            fast = lstm(slow[0], fast, parameters, "fast_chain.1.")
            for i in range(2, fast_cells):
                fast = lstm(None, fast, parameters, f"fast_chain.{i}.")
            y[-1].append(fast[0])
        ends.append((*fast, *slow))
    return np.array(y), tuple(np.array(member) for member in zip(*ends, strict=True))


def lstm(x, state, parameters, prefix):
    h, c = state
    gates = parameters[prefix + "weight_hh"] @ h
    gates = gates + parameters.get(prefix + "bias_ih", 0.0) + parameters.get(prefix + "bias_hh", 0.0)
    if x is not None:
        gates = gates + parameters[prefix + "weight_ih"] @ x
    i, f, g, o = np.split(gates, 4)
    c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
    return np.tanh(c) / (1 + np.exp(-o)), c
