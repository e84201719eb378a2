"""HGRN from the paper (arXiv 2311.04823, section 3.2), step by step, in float64 NumPy with NumPy's complex numbers."""

import numpy as np


def oracle(x, state, parameters, *, layer_index=0, num_layers=1, form="real"):
    """y (B, T, O) and the final (h,), of x (B, T, I) and h (B, H), or (B, H, 2) for form="complex"."""
    weight, bias = parameters["weight_ih"], parameters.get("bias_ih", 0.0)
    (h,) = state
    H = h.shape[1]
    bound = np.zeros(H)
    if layer_index:
        P = np.exp(parameters["Gamma"])
        P /= P.sum(0)
        bound = P.cumsum(0)[layer_index] - P[0]
    rotation = np.ones(H)
    if form == "complex":
        h, rotation = h[..., 0] + 1j * h[..., 1], np.exp(1j * parameters["theta"])
    y = []
    for t in range(x.shape[1]):
        p = x[:, t] @ weight.T + bias
        mu, rest = logistic(p[:, :H]), p[:, H:]
        c, g = np.split(rest, 2, axis=1)
        c = c * logistic(c)
        if form == "complex":
            c = c[:, :H] + 1j * c[:, H:]
        keep = bound + (1 - bound) * mu
        h = keep * rotation * h + (1 - keep) * c
        seen = np.concatenate((h.real, h.imag), 1) if form == "complex" else h
        y.append(logistic(g) * seen)
    return np.stack(y, 1), (np.stack((h.real, h.imag), -1) if form == "complex" else h,)


def logistic(value):
    return 1 / (1 + np.exp(-value))
