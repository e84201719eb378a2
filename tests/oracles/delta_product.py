"""DeltaProduct from arXiv 2502.10297 (equations 3 and 4), step by step, float64 NumPy."""

import numpy as np


def oracle(
    x,
    state,
    parameters,
    *,
    num_heads=1,
    key_size=None,
    value_size=None,
    conv_size=4,
    num_householder=2,
    forget_gate=True,
    negative_eigenvalues=True,
):
    """y (B, T, H) and the final (S, tail), of x (B, T, I), S (B, N, V, K) and a tail of q, all k and all v."""
    S, tail = state[0].copy(), state[1]
    (B, N, V, K), n = S.shape, num_householder
    y = np.empty((B, x.shape[1], N, V))
    for t in range(x.shape[1]):
        p = x[:, t] @ parameters["weight_ih"].T
        qkv, b, g, a = np.split(p, np.cumsum([N * K + n * N * (K + V), n * N, N * V]), axis=1)
        window = np.concatenate((tail, qkv[:, None]), 1)
        tail = window[:, 1:]
        seen = np.einsum("bjc,cj->bc", window, parameters["conv_weight"]) + parameters.get("conv_bias", 0.0)
        q, k, v = np.split(silu(seen), [N * K, N * K + n * N * K], axis=1)
        q, k, v = q.reshape(B, N, K), k.reshape(B, n, N, K), v.reshape(B, n, N, V)
        beta = ((2 if negative_eigenvalues else 1) / (1 + np.exp(-b))).reshape(B, n, N)
        if forget_gate:
            dt = np.log1p(np.exp(a + parameters["dt_bias"]))
            S = S * np.exp(-np.exp(parameters["A_log"]) * dt)[:, :, None, None]
        for row, h in np.ndindex(B, N):
            for j in range(n):
                key = unit(k[row, j, h])
                householder = np.eye(K) - beta[row, j, h] * np.outer(key, key)
                S[row, h] = S[row, h] @ householder + beta[row, j, h] * np.outer(v[row, j, h], key)
            read = S[row, h] @ unit(q[row, h]) / np.sqrt(K)
            y[row, t, h] = read / np.sqrt((read**2).mean() + 1e-5) * parameters["norm_weight"]
        y[:, t] *= silu(g).reshape(B, N, V)
    return y.reshape(B, x.shape[1], -1) @ parameters["out_weight"].T, (S, tail)


def unit(x):
    return x / np.sqrt((x**2).sum() + 1e-6)


def silu(x):
    return x / (1 + np.exp(-x))
