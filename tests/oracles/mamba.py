"""The Mamba block one channel at a time, float64 NumPy: arXiv 2312.00752."""

import numpy as np


def oracle(x, state, parameters, **options):
    """y (B, T, H) and the final state, of x (B, T, I) and states (B, E, N) and (B, k - 1, E)."""
    p = parameters
    h, tail = (np.array(member) for member in state)
    A = -np.exp(p["A_log"])  # (E, N)
    E, N = A.shape
    rank = p["dt_weight"].shape[1]
    y = np.empty((*x.shape[:2], len(p["out_weight"])))
    for row in range(len(x)):
        line = list(tail[row])  # the inputs of the convolution, oldest first
        for t in range(x.shape[1]):
            both = p["weight_ih"] @ x[row, t]
            line.append(both[:E])
            seen = line[-p["conv_weight"].shape[1] :]
            u = silu(sum(p["conv_weight"][:, j] * seen[j] for j in range(len(seen))) + p.get("conv_bias", 0.0))
            chosen = p["x_weight"] @ u
            low, B, C = chosen[:rank], chosen[rank : rank + N], chosen[rank + N :]
            dt = np.logaddexp(0, p["dt_weight"] @ low + p["dt_bias"])
            out = np.empty(E)
            for e in range(E):
                h[row, e] = np.exp(dt[e] * A[e]) * h[row, e] + dt[e] * B * u[e]
                out[e] = C @ h[row, e] + p["D"][e] * u[e]
            y[row, t] = p["out_weight"] @ (out * silu(both[E:]))
        tail[row] = np.reshape(line[len(line) - tail.shape[1] :], tail.shape[1:])
    return y, (h, tail)


def silu(value):
    return value / (1 + np.exp(-value))
