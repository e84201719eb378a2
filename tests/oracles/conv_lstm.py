"""The convolutional LSTM from the paper's equation 3, pixel by pixel, in float64 NumPy.

Shi, Chen, Wang, Yeung, Wong, Woo, "Convolutional LSTM Network", NeurIPS 2015; pictures are zero beyond their edges.
"""

import numpy as np


def oracle(x, state, parameters, height=1, width=1, kernel_size=3):
    """y (B, T, H) and the final h and c (B, H) of x (B, T, I)."""
    h, c = (member.copy() for member in state)
    y = np.empty((*x.shape[:2], h.shape[1]))
    b = parameters.get("bias_ih", np.zeros(len(parameters["weight_ih"])))
    for row in range(len(x)):
        H, C = (member[row].reshape(-1, height, width) for member in (h, c))
        for t in range(x.shape[1]):
            X = x[row, t].reshape(-1, height, width)
            total = convolved(X, parameters["weight_ih"]) + convolved(H, parameters["weight_hh"]) + b[:, None, None]
            i, f, g, o = np.split(total, 4)
            i, f = sigmoid(i + parameters["p_i"] * C), sigmoid(f + parameters["p_f"] * C)
            C = f * C + i * np.tanh(g)
            H = sigmoid(o + parameters["p_o"] * C) * np.tanh(C)
            y[row, t] = H.ravel()
        h[row], c[row] = H.ravel(), C.ravel()
    return y, (h, c)


def convolved(picture, filters):
    """Each filter's sum over its window around every pixel, (filters, height, width)."""
    _, height, width = picture.shape
    rows, columns = filters.shape[2] // 2, filters.shape[3] // 2
    made = np.zeros((len(filters), height, width))
    for line in range(height):
        for column in range(width):
            for up in range(-rows, rows + 1):
                for right in range(-columns, columns + 1):
                    if 0 <= line + up < height and 0 <= column + right < width:
                        tap = filters[:, :, up + rows, right + columns]  # (filters, channels)
                        made[:, line, column] += tap @ picture[:, line + up, column + right]
    return made


def sigmoid(value):
    return 1 / (1 + np.exp(-value))
