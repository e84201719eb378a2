"""The closed-form continuous-time network, one row and one layer after the other, in float64 NumPy.

Hasani et al., "Closed-form Continuous-time Neural Networks", 2022, with the backbone and the modes of the authors'
code: default (equation 10), no_gate, and pure, the closed form (equation 2) itself.
"""

import math

import numpy as np

PHI = {
    "gelu": np.vectorize(lambda v: v * (1 + math.erf(v / math.sqrt(2))) / 2),
    "lecun_tanh": lambda v: 1.7159 * np.tanh(0.666 * v),
    "relu": lambda v: np.maximum(v, 0),
    "silu": lambda v: v / (1 + np.exp(-v)),
    "tanh": np.tanh,
}


def oracle(
    x, state, parameters, time_gap=False, mode="default", backbone_units=128, backbone_layers=1,
    activation="lecun_tanh", recurrent_bias=True,
):  # fmt: skip
    """y (B, T, H) and the final h (B, H) of x (B, T, I)."""
    h = state[0].copy()
    H = h.shape[1]
    heads = 1 if mode == "pure" else 4
    rows = [backbone_units] * backbone_layers + [heads * H]
    joint = "weight_hh" in parameters
    weights = np.split(parameters["weight_hh"], np.cumsum(rows)[:-1]) if joint else None
    weights = weights or [parameters[f"weight_hh_{i}"] for i in range(len(rows))]
    biases = [parameters.get("bias_ih", 0)]
    if joint and "bias_hh" in parameters:
        biases += np.split(parameters["bias_hh"], np.cumsum(rows[1:])[:-1])
    else:
        biases += [parameters.get(f"bias_hh_{i}", 0) for i in range(1, len(rows))]
    y = np.empty((*x.shape[:2], H))
    for row in range(len(x)):
        for t in range(x.shape[1]):
            seen, gap = (x[row, t, :-1], x[row, t, -1]) if time_gap else (x[row, t], 1.0)
            v = parameters["weight_ih"] @ seen + weights[0] @ h[row] + biases[0]
            for weight, b in zip(weights[1:], biases[1:], strict=True):
                v = weight @ PHI[activation](v) + b
            if mode == "pure":
                rate = abs(parameters["time_rate"]) + abs(v)
                h[row] = parameters["amplitude"] * (1 - np.exp(-gap * rate) * v)
            else:
                p, q, a, b = v.reshape(4, H)
                s = 1 / (1 + np.exp(-(a * gap + b)))
                h[row] = np.tanh(p) * (1 - s if mode == "default" else 1) + s * np.tanh(q)
            y[row, t] = h[row]
    return y, (h,)
