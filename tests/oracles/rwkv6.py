"""RWKV-6 from arXiv 2404.05892 (section 4.2) and the authors' x060, step by step, float64 NumPy."""

import numpy as np


def oracle(x, state, parameters, *, num_heads=1, key_size=None, value_size=None, mix_rank=32, decay_rank=64):
    """y (B, T, H) and the final (S, the step before), of x (B, T, I), S (B, N, V, K) and (B, 1, I)."""
    S, before = state[0].copy(), state[1][:, 0]
    B, N, V, K = S.shape
    R, Wk, Wv, G = np.split(parameters["weight_ih"], np.cumsum([N * K, N * K, N * V]))
    mu, down, up = parameters["time_mix"], parameters["mix_down"], parameters["mix_up"]
    y = np.empty((B, x.shape[1], N * V))
    for t in range(x.shape[1]):
        now, change = x[:, t], before - x[:, t]
        before = now
        low = np.tanh((now + change * mu[0]) @ down.T).reshape(B, 5, mix_rank)
        mixed = [now + change * (mu[1 + j] + low[:, j] @ up[j].T) for j in range(5)]
        decay = np.tanh(mixed[0] @ parameters["decay_down"].T) @ parameters["decay_up"].T + parameters["time_decay"]
        w = np.exp(-np.exp(decay)).reshape(B, N, 1, K)
        k, v = (mixed[1] @ Wk.T).reshape(B, N, 1, K), (mixed[2] @ Wv.T).reshape(B, N, V, 1)
        r, g = (mixed[3] @ R.T).reshape(B, N, 1, K), mixed[4] @ G.T
        read = ((S + v * k * parameters["time_first"][:, None]) * r).sum(-1)
        S = S * w + v * k
        read = (read - read.mean(-1, keepdims=True)) / np.sqrt(read.var(-1, keepdims=True) + 64e-5)
        read = read.reshape(B, -1) * parameters["norm_weight"] + parameters["norm_bias"]
        y[:, t] = read * g / (1 + np.exp(-g))
    return y @ parameters["out_weight"].T, (S, before[:, None])
