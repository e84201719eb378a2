"""The clockwork RNN from the paper's equations, module by module, in float64 NumPy.

Koutník, Greff, Gomez, Schmidhuber, "A Clockwork RNN", ICML 2014, section 3: a module whose period divides the time
hears the input, itself and the slower modules; the others keep what they have.
"""

import numpy as np


def oracle(x, state, parameters, periods=None):
    """y (B, T, H), the final h (B, H) and clock (B,), of x (B, T, I)."""
    h, clock = state[0].copy(), state[1].copy()
    H = h.shape[1]
    periods = tuple(2**i for i in range(min(4, H))) if periods is None else periods
    bias = parameters.get("bias_ih", np.zeros(H))
    modules = np.array_split(np.arange(H), len(periods))
    y = np.empty((*x.shape[:2], H))
    for row in range(len(x)):
        for t in range(x.shape[1]):
            before = h[row].copy()
            for i, (period, units) in enumerate(zip(periods, modules, strict=True)):
                if clock[row] % period:
                    continue
                heard = np.concatenate([before[one] for one in modules[i:]])
                total = parameters["weight_ih"][units] @ x[row, t] + parameters[f"weight_hh_{i}"] @ heard
                h[row, units] = np.tanh(total + bias[units])
            clock[row] += 1
            y[row, t] = h[row]
    return y, (h, clock)
