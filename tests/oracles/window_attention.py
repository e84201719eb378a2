"""Sliding-window attention head by head and step by step, float64 NumPy: arXiv 1706.03762, 2004.05150, 2104.09864."""

import numpy as np


def oracle(x, state, parameters, *, window=64, heads=1, positions="rotary"):
    """y (B, T, H) and the final state, of x (B, T, I), k and v (B, w - 1, H) and the count (B,)."""
    k_before, v_before, count = state
    H = len(parameters["out_weight"])
    D = H // heads
    y = np.empty((len(x), x.shape[1], H))
    k_after, v_after = np.zeros_like(k_before), np.zeros_like(v_before)
    for row in range(len(x)):
        there = min(int(count[row]), window - 1)
        keys = list(k_before[row, window - 1 - there :])
        values = list(v_before[row, window - 1 - there :])
        for t in range(x.shape[1]):
            q, k, v = np.split(parameters["weight_ih"] @ x[row, t], 3)
            if positions == "rotary":
                at = int(count[row]) + t
                q, k = turned(q, at, D), turned(k, at, D)
            keys.append(k)
            values.append(v)
            heard = np.empty(H)
            for n in range(heads):
                own = slice(n * D, (n + 1) * D)
                scores = np.array([q[own] @ key[own] / np.sqrt(D) for key in keys[-window:]])
                weights = np.exp(scores - scores.max())
                weights /= weights.sum()
                heard[own] = sum(weight * value[own] for weight, value in zip(weights, values[-window:], strict=True))
            y[row, t] = parameters["out_weight"] @ heard + parameters.get("out_bias", 0.0)
        kept = min(len(keys), window - 1)
        if kept:
            k_after[row, window - 1 - kept :] = keys[-kept:]
            v_after[row, window - 1 - kept :] = values[-kept:]
    return y, (k_after, v_after, count + x.shape[1])


def turned(vector, position, width):
    """Each pair of each head as a complex number, turned by its angle."""
    out = np.empty_like(vector)
    half = width // 2
    for start in range(0, len(vector), width):
        pair = vector[start : start + half] + 1j * vector[start + half : start + width]
        pair = pair * np.exp(1j * position * 10000.0 ** (-np.arange(half) / half))
        out[start : start + half], out[start + half : start + width] = pair.real, pair.imag
    return out
