"""The gated orthogonal recurrent unit from the papers' equations, float64 NumPy: arXiv 1706.02761 and 1612.05231.

The state is turned pair by pair; no matrix is made.
"""

import numpy as np


def oracle(x, state, parameters, *, capacity=2, style="tunable", **options):
    """y (B, T, H) and the final state, of x (B, T, I) and a state (B, H)."""
    h = np.array(state[0])
    H = h.shape[1]
    W, U, b = parameters["weight_ih"], parameters["weight_hh"], parameters.get("bias_ih", np.zeros(2 * H))
    y = np.empty((*x.shape[:2], H))
    for row in range(len(x)):
        for t in range(x.shape[1]):
            old = h[row].copy()
            z = logistic(W[:H] @ x[row, t] + U[:H] @ old + b[:H])
            r = logistic(W[H : 2 * H] @ x[row, t] + U[H:] @ old + b[H:])
            a = W[2 * H :] @ x[row, t] + r * turned(old, parameters["angles"], capacity, style)
            size = np.abs(a) + parameters["modrelu_bias"]
            h[row] = z * old + (1 - z) * np.where(size > 0, np.sign(a) * size, 0)
            y[row, t] = h[row]
    return y, (h,)


def turned(h, angles, capacity, style):
    h, angles = h.copy(), iter(angles)
    for a, b in pairs(len(h), capacity, style):
        angle = next(angles)
        h[a], h[b] = h[a] * np.cos(angle) - h[b] * np.sin(angle), h[a] * np.sin(angle) + h[b] * np.cos(angle)
    assert next(angles, None) is None
    return h


def pairs(H, capacity, style):
    if style == "tunable":
        for k in range(capacity):
            for a in range(k % 2, H - 1, 2):
                yield a, a + 1
    else:
        distance = H // 2
        while distance:
            for block in range(0, H, 2 * distance):
                for a in range(block, block + distance):
                    yield a, a + distance
            distance //= 2


def logistic(value):
    return 1 / (1 + np.exp(-value))
