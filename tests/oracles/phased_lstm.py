"""The phased LSTM from the paper's equations 6 to 11, one row and one unit at a time, in float64 NumPy.

Neil, Pfeiffer, Liu, "Phased LSTM", NeurIPS 2016; periods and ratios count without their sign, as in the authors' code.
"""

import math

import numpy as np


def oracle(x, state, parameters, timestamps=False, leak=0.0, **options):
    """y (B, T, H) and the final h and c (B, H), and the clock (B,) where there is one, of x (B, T, I).

    ``leak`` is alpha, which is 0 in evaluation.
    """
    h, c = state[0].copy(), state[1].copy()
    B, T, _ = x.shape
    H = h.shape[1]
    y = np.empty((B, T, H))
    for row in range(B):
        for t in range(T):
            time = x[row, t, -1] if timestamps else state[2][row] + t
            seen = x[row, t, :-1] if timestamps else x[row, t]
            before = h[row].copy()
            for unit in range(H):
                k = openness(parameters, unit, time, leak)
                i, f, g, o = (net(parameters, gate * H + unit, seen, before) for gate in range(4))
                cell = c[row, unit]
                i = sigmoid(i + parameters["p_i"][unit] * cell)
                f = sigmoid(f + parameters["p_f"][unit] * cell)
                proposed = f * cell + i * math.tanh(g)
                o = sigmoid(o + parameters["p_o"][unit] * proposed)
                c[row, unit] = k * proposed + (1 - k) * cell
                h[row, unit] = k * o * math.tanh(proposed) + (1 - k) * before[unit]
            y[row, t] = h[row]
    return y, (h, c) if timestamps else (h, c, state[2] + T)


def openness(parameters, unit, time, leak):
    period, ratio = abs(parameters["period"][unit]), abs(parameters["ratio_on_end"][unit])
    phase = math.fmod(math.fmod(time - parameters["shift"][unit], period) + period, period) / period
    if phase < ratio / 2:
        return 2 * phase / ratio
    if phase < ratio:
        return 2 - 2 * phase / ratio
    return leak * phase


def net(parameters, row, x, h):
    total = parameters["weight_ih"][row] @ x + parameters["weight_hh"][row] @ h
    return total + sum(parameters[bias][row] for bias in ("bias_ih", "bias_hh") if bias in parameters)


def sigmoid(value):
    return 1 / (1 + math.exp(-value))
