"""HGRN2 from the paper (arXiv 2404.07904, section 3.2), step by step, float64 NumPy."""

import numpy as np


def oracle(x, state, parameters, *, num_heads=1, key_size=None, value_size=None, layer_index=0, num_layers=1):
    """y (B, T, H) and the final (S,), of x (B, T, I) and S (B, N, V, K)."""
    S = state[0].copy()
    B, N, V, K = S.shape
    bound = np.zeros(N * K)
    if layer_index:
        P = np.exp(parameters["Gamma"])
        P /= P.sum(0)
        bound = P.cumsum(0)[layer_index] - P[0]
    y = np.empty((B, x.shape[1], N * V))
    for t in range(x.shape[1]):
        q, mu, v = np.split(x[:, t] @ parameters["weight_ih"].T, [N * K, 2 * N * K], axis=1)
        f = (bound + (1 - bound) * logistic(mu)).reshape(B, N, 1, K)
        S = S * f + v.reshape(B, N, V, 1) * (1 - f)
        read = np.einsum("bnvk,bnk->bnv", S, (q * logistic(q)).reshape(B, N, K)).reshape(B, -1)
        y[:, t] = read / np.sqrt((read**2).mean(-1, keepdims=True) + 1e-5) * parameters["norm_weight"]
    return y @ parameters["out_weight"].T, (S,)


def logistic(x):
    return 1 / (1 + np.exp(-x))
