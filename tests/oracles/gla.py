"""Gated linear attention from the paper (arXiv 2312.06635, section 4), step by step, float64 NumPy."""

import numpy as np


def oracle(x, state, parameters, *, num_heads=1, key_size=None, value_size=None, low_rank=16, temperature=16.0):
    """y (B, T, H) and the final (S,), of x (B, T, I) and S (B, N, V, K)."""
    S = state[0].copy()
    B, N, V, K = S.shape
    y = np.empty((B, x.shape[1], N * V))
    for t in range(x.shape[1]):
        p = x[:, t] @ parameters["weight_ih"].T
        q, k, v, g, low = np.split(p, np.cumsum([N * K, N * K, N * V, N * V]), axis=1)
        alpha = logistic(low @ parameters["decay_weight"].T + parameters["decay_bias"]) ** (1 / temperature)
        q, k, alpha = (part.reshape(B, N, K) for part in (q, k, alpha))
        S = S * alpha[:, :, None] + v.reshape(B, N, V, 1) * k[:, :, None]
        read = (S @ q[..., None])[..., 0] / np.sqrt(K)
        read = read / np.sqrt((read**2).mean(-1, keepdims=True) + 1e-5) * parameters["norm_weight"]
        y[:, t] = read.reshape(B, -1) * g * logistic(g)
    return y @ parameters["out_weight"].T, (S,)


def logistic(x):
    return 1 / (1 + np.exp(-x))
