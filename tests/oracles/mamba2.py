"""Mamba-2 from the authors' mamba2_simple.py and arXiv 2405.21060, step by step, float64 NumPy."""

import numpy as np


def oracle(x, state, parameters, *, num_heads=1, key_size=64, value_size=None, expand=2, conv_size=4):
    """y (B, T, H), and the final (S, tail), of x (B, T, I), S (B, N, V, K) and a tail (B, conv_size - 1, N V + 2K)."""
    S, tail = state
    B, N, V, K = S.shape
    A = -np.exp(parameters["A_log"])
    y = np.empty((B, x.shape[1], N * V))
    for t in range(x.shape[1]):
        p = x[:, t] @ parameters["weight_ih"].T
        z, uBC, r = np.split(p, [N * V, 2 * N * V + 2 * K], axis=1)
        window = np.concatenate((tail, uBC[:, None]), 1)
        tail = window[:, 1:]
        seen = np.einsum("bjc,cj->bc", window, parameters["conv_weight"]) + parameters.get("conv_bias", 0.0)
        u, key, query = np.split(silu(seen), [N * V, N * V + K], axis=1)
        u = u.reshape(B, N, V)
        dt = np.log1p(np.exp(r + parameters["dt_bias"]))
        for h in range(N):
            outer = u[:, h, :, None] * key[:, None]
            S = S.copy()
            S[:, h] = np.exp(dt[:, h] * A[h])[:, None, None] * S[:, h] + dt[:, h, None, None] * outer
        read = np.einsum("bnvk,bk->bnv", S, query) + parameters["D"][:, None] * u
        read = read.reshape(B, -1) * silu(z)
        y[:, t] = read / np.sqrt((read**2).mean(-1, keepdims=True) + 1e-5) * parameters["norm_weight"]
    return y @ parameters["out_weight"].T, (S, tail)


def silu(x):
    return x / (1 + np.exp(-x))
