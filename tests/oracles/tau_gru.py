"""tau-GRU from the paper's equations, one sequence with its whole past kept in a list, in float64 NumPy.

Erichson, Lim, Mahoney, "Gated Recurrent Neural Networks with Weighted Time-Delay Feedback", 2212.00228:
h_{n+1} = (1 - g) * h_n + g * (u + a * z) with u, g, a of h_n and z of h_{n - delay}.
"""

import numpy as np


def oracle(x, state, parameters, delay=5):
    """y (B, T, H) and the final (h, past), of x (B, T, I), h (B, H) and past (B, delay * H), its oldest first."""
    before, past = state
    H = before.shape[1]
    blocks = [np.split(parameters[name], 4) for name in ("weight_ih", "weight_hh")]
    U, W = (dict(zip("ugaz", of, strict=True)) for of in blocks)
    bias = parameters.get("bias_ih", np.zeros(4 * H)) + parameters.get("bias_hh", np.zeros(4 * H))
    b = dict(zip("ugaz", np.split(bias, 4), strict=True))
    ys, ends, pasts = [], [], []
    for row in range(len(x)):
        history = [*past[row].reshape(delay, H), before[row]]  # h_{-delay}, ..., h_0
        for s in x[row]:
            h, late = history[-1], history[-1 - delay]
            net = {name: U[name] @ s + W[name] @ (late if name == "z" else h) + b[name] for name in "ugaz"}
            g, a = (1 / (1 + np.exp(-net[name])) for name in "ga")
            history.append(h - g * h + g * (np.tanh(net["u"]) + a * np.tanh(net["z"])))
        ys.append(history[delay + 1 :])
        ends.append(history[-1])
        pasts.append(np.concatenate(history[-1 - delay : -1]))
    return np.array(ys), (np.array(ends), np.array(pasts))
