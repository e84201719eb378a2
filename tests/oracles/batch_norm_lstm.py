"""The batch-normalised LSTM from the paper's equations, step by step over the batch, in float64 NumPy.

Cooijmans et al., "Recurrent Batch Normalization", 2017: BN(W_h h; gamma_h) + BN(W_x x; gamma_x) + b, and BN of the cell
where it is put out, with statistics of each time step - of the batch in training, else those given for that step, the
last of them for every later one.
"""

import numpy as np


def oracle(x, state, parameters, max_length=100, training=False, lengths=None):
    """y (B, T, H), zero beyond a row's length, and the final (h, c, clock), of x (B, T, I)."""
    h, c, clock = (member.copy() for member in state)
    B, T, _ = x.shape
    lengths = np.full(B, T) if lengths is None else lengths
    y = np.zeros((B, T, h.shape[1]))
    for t in range(T):
        rows = np.flatnonzero(lengths > t)
        steps = np.minimum(clock[rows], max_length - 1)
        batch = training and len(rows) > 1

        def bn(name, p, steps=steps, batch=batch):
            mean, var = parameters[f"mean_{name}"][steps], parameters[f"var_{name}"][steps]
            if batch:
                mean, var = p.mean(0), p.var(0)
            return parameters[f"gain_{name}"] * (p - mean) / np.sqrt(var + 1e-5)

        net = bn("hh", h[rows] @ parameters["weight_hh"].T) + bn("ih", x[rows, t] @ parameters["weight_ih"].T)
        net = net + parameters.get("bias_ih", 0.0) + parameters.get("bias_hh", 0.0)
        i, f, g, o = np.split(net, 4, axis=1)
        c[rows] = logistic(f) * c[rows] + logistic(i) * np.tanh(g)
        h[rows] = logistic(o) * np.tanh(bn("c", c[rows]) + parameters.get("shift_c", 0.0))
        y[rows, t] = h[rows]
        clock[rows] += 1
    return y, (h, c, clock)


def logistic(value):
    return 1 / (1 + np.exp(-value))
