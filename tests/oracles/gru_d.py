"""GRU-D from the paper's equations 10 to 17, one row after the other, in float64 NumPy.

Che, Purushotham, Cho, Sontag, Liu, "Recurrent Neural Networks for Multivariate Time Series with Missing Values", 2018.
"""

import numpy as np


def oracle(x, state, parameters, missing=False, means=None):
    """y (B, T, H), the final h (B, H) and, where values can be missing, the last ones observed (B, D)."""
    h = state[0].copy()
    B, T, I = x.shape
    H = h.shape[1]
    D = I // 3 if missing else I
    W_r, W_z, W_n = parameters["weight_ih"][:, :D].reshape(3, H, D)
    U_r, U_z, U_n = parameters["weight_hh"].reshape(3, H, H)
    b_r, b_z, b_n = parameters.get("bias_ih", np.zeros(3 * H)).reshape(3, H)
    V_r, V_z, V_n = parameters["weight_ih"][:, D:].reshape(3, H, D) if missing else np.zeros((3, H, D))
    mean = np.zeros(D) if means is None else np.array(means)
    last = state[1].copy() if missing else np.zeros((B, D))
    y = np.empty((B, T, H))
    for row in range(B):
        for t in range(T):
            v, m = x[row, t], np.zeros(D)
            gamma_h = np.exp(-np.maximum(0, parameters["decay_bias_h"]))
            if missing:
                value, m, delta = x[row, t].reshape(3, D)
                v = np.empty(D)
                for d in range(D):
                    rate = parameters["decay_weight_x"][d] * delta[d] + parameters["decay_bias_x"][d]
                    fade = np.exp(-max(0, rate))
                    if m[d] > 0.5:
                        last[row, d] = v[d] = value[d]
                    else:
                        v[d] = fade * last[row, d] + (1 - fade) * mean[d]
                gamma_h = np.exp(-np.maximum(0, parameters["decay_weight_h"] @ delta + parameters["decay_bias_h"]))
            decayed = gamma_h * h[row]
            r = sigmoid(W_r @ v + V_r @ m + b_r + U_r @ decayed)
            z = sigmoid(W_z @ v + V_z @ m + b_z + U_z @ decayed)
            n = np.tanh(W_n @ v + V_n @ m + b_n + U_n @ (r * decayed))
            h[row] = (1 - z) * decayed + z * n
            y[row, t] = h[row]
    return y, (h, last) if missing else (h,)


def sigmoid(value):
    return 1 / (1 + np.exp(-value))
