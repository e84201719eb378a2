"""A pre-norm Transformer block step by step, float64 NumPy: arXiv 1706.03762, 1910.07467, 2002.05202, 2104.09864."""

import numpy as np


def oracle(x, state, parameters, *, window=128, heads=1, positions="rotary", expansion=8 / 3):
    """y (B, T, H) and the final state, of x (B, T, I), k and v (B, w - 1, H) and the count (B,)."""
    p = parameters
    H = len(p["norm_weight"])
    D = H // heads
    y = np.empty((len(x), x.shape[1], H))
    k_after, v_after, count = (np.array(member) for member in state)
    for row in range(len(x)):
        there = min(int(count[row]), window - 1)
        cache = list(zip(k_after[row], v_after[row], strict=True))[window - 1 - there :]
        for t in range(x.shape[1]):
            at = int(count[row]) + t
            u = p["in_weight"] @ x[row, t] if "in_weight" in p else x[row, t]
            if positions == "sinusoidal":
                pairs = (H + 1) // 2
                angles = at / 10000 ** (np.arange(pairs) / pairs)
                u = u + np.concatenate([np.sin(angles), np.cos(angles)])[:H]
            q, k, v = np.split(p["weight_ih"] @ normed(u, p["norm_weight"]), 3)
            if positions == "rotary":
                q, k = turned(q, at, D), turned(k, at, D)
            cache = [*cache, (k, v)][-window:]
            heard = np.concatenate([attended(q, cache, slice(n * D, (n + 1) * D)) for n in range(heads)])
            a = u + p["out_weight"] @ heard + p.get("out_bias", 0.0)
            gate, up = np.split(p["up_weight"] @ normed(a, p["mlp_norm_weight"]), 2)
            y[row, t] = a + p["down_weight"] @ (gate / (1 + np.exp(-gate)) * up)
        kept = cache[max(0, len(cache) - (window - 1)) :]
        for i, (k, v) in enumerate(reversed(kept), start=1):
            k_after[row, -i], v_after[row, -i] = k, v
    return y, (k_after, v_after, count + x.shape[1])


def attended(q, cache, own):
    weights = np.exp([q[own] @ k[own] / np.sqrt(len(q[own])) for k, _ in cache])
    return sum(weight * v[own] for weight, (_, v) in zip(weights / weights.sum(), cache, strict=True))


def normed(a, gain):
    return gain * a / np.sqrt(np.mean(a**2) + 1e-6)


def turned(vector, position, width):
    half = width // 2
    angles = position / 10000.0 ** (np.arange(half) / half)
    heads = vector.reshape(-1, 2, half)
    a, b = heads[:, 0], heads[:, 1]
    return np.stack([a * np.cos(angles) - b * np.sin(angles), a * np.sin(angles) + b * np.cos(angles)], 1).ravel()
