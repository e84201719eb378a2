"""RetNet from the paper (arXiv 2307.08621, equations 1 to 8), float64 NumPy: pairs of coordinates as complex numbers.

The paper's state at step m holds v_s (k_s e^(i s theta))^T; here it is turned back by e^(-i m theta), as the layer's.
"""

import numpy as np


def oracle(x, state, parameters, *, num_heads=1, key_size=None, value_size=None):
    """y (B, T, H) and the final (S,), of x (B, T, I) and S (B, N, V, K)."""
    (S,) = state
    N, V, K = S.shape[1:]
    widths = np.cumsum([N * K, N * K, N * V])
    theta = 10000.0 ** -np.linspace(0, 1, K // 2)
    S = S[..., 0::2] + 1j * S[..., 1::2]  # (B, N, V, K / 2)
    y = np.empty((*x.shape[:2], N * V))
    for t in range(x.shape[1]):
        q, k, v, g = np.split(x[:, t] @ parameters["weight_ih"].T, widths, axis=1)
        q, k = (part.reshape(len(x), N, K // 2, 2) @ [1, 1j] for part in (q, k))
        v = v.reshape(len(x), N, V)
        for h in range(N):
            S[:, h] = (1 - 2.0 ** (-5 - h)) * S[:, h] * np.exp(-1j * theta) + v[:, h, :, None] * k[:, h, None]
        read = np.real(np.einsum("bnvk,bnk->bnv", S, q.conj())) / np.sqrt(K)
        read = (read - read.mean(-1, keepdims=True)) / np.sqrt(read.var(-1, keepdims=True) + 1e-5)
        y[:, t] = read.reshape(len(x), -1) * g / (1 + np.exp(-g))
    final = np.stack((S.real, S.imag), -1).reshape(len(x), N, V, K)
    return y @ parameters["out_weight"].T, (final,)
