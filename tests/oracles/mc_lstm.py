"""LSTM with a memory controller, one sequence at a time, in float64 NumPy.

Ben-Ari, Shwartz-Ziv, "Sequence Modeling Using a Memory Controller Extension for LSTM", 2017: a further gate makes the
memory control vector, which is fed back to the LSTM in place of its output.
"""

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (v, c), of x (B, T, I) and states (B, H) each."""
    control, cell = (member.copy() for member in state)
    H = cell.shape[1]
    joined = np.hstack([parameters["weight_ih"], parameters["weight_hh"]])  # (5H, I + H)
    bias = sum((parameters[name] for name in ("bias_ih", "bias_hh") if name in parameters), np.zeros(5 * H))
    y = np.empty((*x.shape[:2], H))
    for row in range(len(x)):
        for t in range(x.shape[1]):
            net = joined @ np.concatenate([x[row, t], control[row]]) + bias
            keep, write, show, steer = 1 / (1 + np.exp(-net[: 4 * H].reshape(4, H)))
            cell[row] = keep * cell[row] + write * np.tanh(net[4 * H :])
            y[row, t] = show * np.tanh(cell[row])
            control[row] = steer * np.tanh(cell[row])
    return y, (control, cell)
