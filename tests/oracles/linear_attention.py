"""Linear attention from the paper (arXiv 2006.16236, equations 18 to 20), step by step, float64 NumPy."""

import numpy as np


def oracle(x, state, parameters, *, num_heads=1, key_size=None, value_size=None):
    """y (B, T, H) and the final (S, n), of x (B, T, I), S (B, N, V, K) and n (B, N, K)."""
    S, n = (member.copy() for member in state)
    N, V, K = S.shape[1:]
    weight, bias = parameters["weight_ih"], parameters.get("bias_ih", 0.0)
    y = np.empty((*x.shape[:2], N, V))
    for t in range(x.shape[1]):
        p = x[:, t] @ weight.T + bias
        for h in range(N):
            q = feature(p[:, h * K : (h + 1) * K])
            k = feature(p[:, (N + h) * K : (N + h + 1) * K])
            v = p[:, 2 * N * K + h * V : 2 * N * K + (h + 1) * V]
            S[:, h] += v[:, :, None] * k[:, None]
            n[:, h] += k
            for row in range(len(x)):
                y[row, t, h] = S[row, h] @ q[row] / (n[row, h] @ q[row] + 1e-6)
    return y.reshape(*x.shape[:2], N * V) @ parameters["out_weight"].T + parameters.get("out_bias", 0.0), (S, n)


def feature(x):
    return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))
