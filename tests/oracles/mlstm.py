"""mLSTM without a stabiliser (arXiv 2405.04517, equations 19 to 27), step by step, float64 NumPy.

The state (C, n, m) stands for C e^m and n e^m, which the paper's equations are about; m itself is equation 15's.
"""

import numpy as np


def oracle(x, state, parameters, *, num_heads=1, key_size=None, forget_gate="sigmoid"):
    """y (B, T, H) and the final (C, n, m), of x (B, T, I), C (B, N, V, K), n (B, N, K) and m (B, N)."""
    C, n, m = state
    B, N, V, K = C.shape
    C, n = C * np.exp(m)[..., None, None], n * np.exp(m)[..., None]
    y = np.empty((B, x.shape[1], N * V))
    for t in range(x.shape[1]):
        p = x[:, t] @ parameters["weight_ih"].T + parameters.get("bias_ih", 0.0)
        q, k, v, o, i, f = np.split(p, np.cumsum([N * K, N * K, N * V, N * V, N]), axis=1)
        forget = 1 / (1 + np.exp(-f)) if forget_gate == "sigmoid" else np.exp(f)
        q, k = q.reshape(B, N, K), k.reshape(B, N, K) / np.sqrt(K)
        outer = v.reshape(B, N, V, 1) * k[:, :, None]
        C = forget[..., None, None] * C + np.exp(i)[..., None, None] * outer
        n = forget[..., None] * n + np.exp(i)[..., None] * k
        m = np.maximum(np.log(forget) + m, i)
        read = np.einsum("bnvk,bnk->bnv", C, q) / np.maximum(np.abs((n * q).sum(-1)), 1)[..., None]
        y[:, t] = read.reshape(B, -1) / (1 + np.exp(-o))
    return y, (C * np.exp(-m)[..., None, None], n * np.exp(-m)[..., None], m)
