"""The ordered-neurons LSTM from the paper's equations, one sequence at a time, in float64 NumPy.

Shen, Tan, Sordoni, Courville, "Ordered Neurons", 2019, section 4; the master gates have one value a chunk.
"""

import numpy as np


def oracle(x, state, parameters, chunk_size=1):
    """y (B, T, H) and the final (h, c), of x (B, T, I) and states (B, H) each."""
    h, c = (member.copy() for member in state)
    H = h.shape[1]
    D = H // chunk_size
    y = np.empty((*x.shape[:2], H))
    for row in range(len(x)):
        for t in range(x.shape[1]):
            net = parameters["weight_ih"] @ x[row, t] + parameters["weight_hh"] @ h[row]
            for name in ("bias_ih", "bias_hh"):
                net = net + parameters.get(name, 0.0)
            master_f = np.kron(cumax(net[:D]), np.ones(chunk_size))
            master_i = np.kron(1 - cumax(net[D : 2 * D]), np.ones(chunk_size))
            i, f, g, o = net[2 * D :].reshape(4, H)
            overlap = master_f * master_i
            hat_f = logistic(f) * overlap + (master_f - overlap)
            hat_i = logistic(i) * overlap + (master_i - overlap)
            c[row] = hat_f * c[row] + hat_i * np.tanh(g)
            y[row, t] = h[row] = logistic(o) * np.tanh(c[row])
    return y, (h, c)


def cumax(value):
    share = np.exp(value) / np.exp(value).sum()
    return np.array([share[: k + 1].sum() for k in range(len(value))])


def logistic(value):
    return 1 / (1 + np.exp(-value))
