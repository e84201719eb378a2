"""The independently recurrent network from the paper's equation, unit by unit, in float64 NumPy.

Li, Li, Cook, Zhu, Gao, "Independently Recurrent Neural Network (IndRNN)", 1803.04831.
"""

import math

import numpy as np


def oracle(x, state, parameters, nonlinearity="relu", steps=None, max_gradient=2.0):
    """y (B, T, H) and the final state, of x (B, T, I) and a state (B, H)."""
    bound = math.inf if steps is None else max_gradient ** (1 / steps)
    (before,) = state
    y = np.empty((*x.shape[:2], before.shape[1]))
    for unit, weights in enumerate(parameters["weight_ih"]):
        u = min(max(parameters["u"][unit], -bound), bound)
        b = parameters["bias_ih"][unit] if "bias_ih" in parameters else 0.0
        for row in range(len(x)):
            h = before[row, unit]
            for t in range(x.shape[1]):
                net = weights @ x[row, t] + u * h + b
                h = max(net, 0.0) if nonlinearity == "relu" else math.tanh(net)
                y[row, t, unit] = h
    return y, (y[:, -1].copy(),)
