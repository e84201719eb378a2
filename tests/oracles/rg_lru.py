"""The real-gated linear recurrent unit of Griffin (arXiv 2402.19427, section 2.4), head by head, in float64 NumPy.

The paper's unit takes inputs of its own width; where they are of another, the linear layer before it gives them.
"""

import numpy as np

C = 8.0


def oracle(x, state, parameters, *, num_heads=1):
    """y (B, T, H) and the final (h,), of x (B, T, I) and h (B, H)."""
    h = state[0].copy()
    H = h.shape[1]
    x = x @ parameters["weight_ih"].T if "weight_ih" in parameters else x
    b_a, b_x = parameters.get("bias_gates", np.zeros(2 * H)).reshape(2, H)
    base = 1 / (1 + np.exp(-parameters["Lambda"]))  # a
    W_a, W_x = parameters["weight_gates"]  # (heads, H / heads, H / heads) each
    y = np.empty_like(x)
    for t in range(x.shape[1]):
        for head in range(num_heads):
            part = slice(head * H // num_heads, (head + 1) * H // num_heads)
            x_t = x[:, t, part]
            r = 1 / (1 + np.exp(-(x_t @ W_a[head].T + b_a[part])))
            i = 1 / (1 + np.exp(-(x_t @ W_x[head].T + b_x[part])))
            a = base[part] ** (C * r)
            h[:, part] = a * h[:, part] + np.sqrt(1 - a**2) * (i * x_t)
        y[:, t] = h
    return y, (h,)
