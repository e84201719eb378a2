"""RWKV-5 from arXiv 2404.05892 (equations 3 to 6), step by step, float64 NumPy."""

import numpy as np


def oracle(x, state, parameters, *, num_heads=1, key_size=None, value_size=None):
    """y (B, T, H) and the final (S, the step before), of x (B, T, I), S (B, N, V, K) and (B, 1, I)."""
    S, before = state[0].copy(), state[1][:, 0]
    B, N, V, K = S.shape
    rows = np.split(parameters["weight_ih"], np.cumsum([N * K, N * K, N * V]))
    w, u = np.exp(-np.exp(parameters["time_decay"])), parameters["time_first"]
    y = np.empty((B, x.shape[1], N * V))
    for t in range(x.shape[1]):
        now = x[:, t]
        r, k, v, g = ((now * (1 - mu) + before * mu) @ W.T for mu, W in zip(parameters["time_mix"], rows, strict=True))
        before = now
        r, k, v = r.reshape(B, N, 1, K), k.reshape(B, N, 1, K), v.reshape(B, N, V, 1)
        read = ((S + v * k * u[:, None]) * r).sum(-1)
        S = S * w[:, None] + v * k
        read = (read - read.mean(-1, keepdims=True)) / np.sqrt(read.var(-1, keepdims=True) + 64e-5)
        read = read.reshape(B, -1) * parameters["norm_weight"] + parameters["norm_bias"]
        y[:, t] = read * g / (1 + np.exp(-g))
    return y @ parameters["out_weight"].T, (S, before[:, None])
