"""sLSTM from the paper's equations (8) to (17), head by head, in float64 NumPy.

Beck et al., "xLSTM: Extended Long Short-Term Memory", 2405.04517. The state carries a stabiliser m: c and n are stored
times exp(-m). This oracle takes them out of it, runs the equations without any stabiliser, and puts the result back.
"""

import numpy as np


def oracle(x, state, parameters, num_heads=1, forget_gate="sigmoid", bias_init="powerlaw"):
    """y (B, T, H) and the final (h, c, n, m), of x (B, T, I) and states (B, H) each."""
    h, c, n, m = (np.array(member, dtype=np.float64) for member in state)
    H = h.shape[1]
    D = H // num_heads
    bias = parameters.get("bias_ih", np.zeros(4 * H)) + parameters.get("bias_hh", np.zeros(4 * H))
    R = parameters["weight_hh"].reshape(4, num_heads, D, D)  # gate, head, row of the head, column of the head
    y = np.empty((*x.shape[:2], H))
    c, n = c * np.exp(m), n * np.exp(m)
    for t in range(x.shape[1]):
        raw = (x[:, t] @ parameters["weight_ih"].T + bias).reshape(-1, 4, num_heads, D)
        for head in range(num_heads):
            raw[:, :, head] += np.einsum("grk,bk->bgr", R[:, head], h[:, head * D : (head + 1) * D])
        i, f, z, o = raw.reshape(-1, 4, H).transpose(1, 0, 2)
        first = n == 0  # nothing stored yet: the stabiliser begins with the first input gate
        log_forget = -np.log1p(np.exp(-f)) if forget_gate == "sigmoid" else f
        m = np.where(first, i, np.maximum(log_forget + m, i))
        c = np.exp(log_forget) * c + np.exp(i) * np.tanh(z)
        n = np.exp(log_forget) * n + np.exp(i)
        h = c / n / (1 + np.exp(-o))
        y[:, t] = h
    return y, (h, c * np.exp(-m), n * np.exp(-m), m)
