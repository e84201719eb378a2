"""Gated DeltaNet from arXiv 2412.06464 (equation 10), step by step, float64 NumPy."""

import numpy as np


def oracle(
    x, state, parameters, *, num_heads=1, key_size=None, value_size=None, conv_size=4, negative_eigenvalues=False
):
    """y (B, T, H) and the final (S, tail), of x (B, T, I), S (B, N, V, K) and a tail (B, conv_size - 1, N (2K + V))."""
    S, tail = state[0].copy(), state[1]
    B, N, V, K = S.shape
    y = np.empty((B, x.shape[1], N, V))
    for t in range(x.shape[1]):
        p = x[:, t] @ parameters["weight_ih"].T
        qkv, a, b, g = np.split(p, np.cumsum([N * (2 * K + V), N, N]), axis=1)
        window = np.concatenate((tail, qkv[:, None]), 1)
        tail = window[:, 1:]
        seen = np.einsum("bjc,cj->bc", window, parameters["conv_weight"]) + parameters.get("conv_bias", 0.0)
        q, k, v = np.split(silu(seen), [N * K, 2 * N * K], axis=1)
        alpha = np.exp(-np.exp(parameters["A_log"]) * np.log1p(np.exp(a + parameters["dt_bias"])))
        beta = (2 if negative_eigenvalues else 1) / (1 + np.exp(-b))
        for row, h in np.ndindex(B, N):
            key, query = (unit(part[row, h * K : (h + 1) * K]) for part in (k, q))
            value = v[row, h * V : (h + 1) * V]
            left = alpha[row, h] * S[row, h]
            S[row, h] = left + beta[row, h] * np.outer(value - left @ key, key)
            read = S[row, h] @ query / np.sqrt(K)
            read = read / np.sqrt((read**2).mean() + 1e-5) * parameters["norm_weight"]
            y[row, t, h] = read * silu(g[row, h * V : (h + 1) * V])
    return y.reshape(B, x.shape[1], -1) @ parameters["out_weight"].T, (S, tail)


def unit(x):
    return x / np.sqrt((x**2).sum() + 1e-6)


def silu(x):
    return x / (1 + np.exp(-x))
