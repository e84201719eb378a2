"""RWKV-7's time mixing, one row and step at a time, after the authors' rwkv_v7_numpy.py (RWKV-LM), float64 NumPy."""

import numpy as np


def oracle(x, state, parameters, *, num_heads=1, key_size=None, value_size=None, low_rank=None, first=None):
    """y (B, T, H) and the final (S, the step before), of x (B, T, I), S (B, N, V, K) and (B, 1, I).

    ``first``: the values (B, T, N V) of the first layer, for one above it.
    """
    S, before = state[0].copy(), state[1][:, 0].copy()
    y = np.empty((*x.shape[:2], len(parameters["out_weight"])))
    for row, t in np.ndindex(x.shape[:2]):
        v0 = None if first is None else first[row, t]
        y[row, t], S[row] = time_mixing(x[row, t], v0, before[row], S[row], parameters)
        before[row] = x[row, t]
    return y, (S, before[:, None])


def values(x, state, parameters):
    """v (B, T, N V) of the first layer."""
    N, _, K = state[0].shape[1:]
    last = np.concatenate((state[1], x[:, :-1]), 1)
    return (x + parameters["time_mix"][3] * (last - x)) @ parameters["weight_ih"][2 * N * K :].T


def time_mixing(x, v0, last, S, p):
    N, V, K = S.shape
    Wr, Wk, Wv = np.split(p["weight_ih"], [N * K, 2 * N * K])
    xr, xw, xk, xv, xa, xg = (x + mu * (last - x) for mu in p["time_mix"])
    r, k, v = Wr @ xr, Wk @ xk, Wv @ xv
    w = np.exp(-sigmoid(p["decay_up"] @ np.tanh(p["decay_down"] @ xw) + p["decay_bias"]) / np.sqrt(np.e))
    if v0 is not None:
        v = v + (v0 - v) * sigmoid(p["value_up"] @ (p["value_down"] @ xv) + p["value_bias"])
    a = sigmoid(p["rate_up"] @ (p["rate_down"] @ xa) + p["rate_bias"])
    g = p["gate_up"] @ sigmoid(p["gate_down"] @ xg)
    kk = k * p["key_scale"]
    k = k + k * (a - 1) * p["key_rate"]
    r, w, k, kk, a = (part.reshape(N, K) for part in (r, w, k, kk, a))
    v = v.reshape(N, V)
    kk = kk / np.maximum(np.linalg.norm(kk, axis=1, keepdims=True), 1e-12)
    after, y = np.empty_like(S), np.empty((N, V))
    for h in range(N):
        after[h] = S[h] @ np.diag(w[h]) - np.outer(S[h] @ kk[h], kk[h] * a[h]) + np.outer(v[h], k[h])
        y[h] = after[h] @ r[h]
    y = (y - y.mean(1, keepdims=True)) / np.sqrt(y.var(1, keepdims=True) + 64e-5)
    y = y.flatten() * p["norm_weight"] + p["norm_bias"]
    y += ((r * k * p["bonus"]).sum(1, keepdims=True) * v).flatten()
    return p["out_weight"] @ (y * g), after


def sigmoid(x):
    return 1 / (1 + np.exp(-x))
