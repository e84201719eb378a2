"""RWKV-4's time mixing as the sum of its equation, float64 NumPy: arXiv 2305.13048.

No running sum is kept: at every step the numerator and the denominator are summed again over all earlier steps, after
the sums that came with the state. Only the state handed back is put into the form of the paper's appendix.
"""

import numpy as np


def oracle(x, state, parameters, **options):
    """y (B, T, H) and the final (m, u, w), (B, H) each, and shift (B, 1, I), of x (B, T, I) and such a state."""
    decay, bonus = np.exp(parameters["time_decay"]), parameters["time_first"]
    weight = np.split(parameters["weight_ih"], 3)
    m0, u0, w0, shift = (np.array(member) for member in state)
    y = np.empty((*x.shape[:2], len(decay)))
    finals = [np.empty_like(m0) for _ in range(3)]
    for row in range(len(x)):
        k, v = [], []
        before = shift[row, 0]
        for t, now in enumerate(x[row]):
            mixed = [mix * now + (1 - mix) * before for mix in parameters["time_mix"]]
            before = now
            key, value, receptance = (W @ given for W, given in zip(weight, mixed, strict=True))
            top = np.exp(m0[row] - t * decay) * w0[row] + np.exp(bonus + key) * value
            bottom = np.exp(m0[row] - t * decay) * u0[row] + np.exp(bonus + key)
            for i in range(t):
                top = top + np.exp(k[i] - (t - 1 - i) * decay) * v[i]
                bottom = bottom + np.exp(k[i] - (t - 1 - i) * decay)
            k.append(key)
            v.append(value)
            y[row, t] = parameters["out_weight"] @ (top / bottom / (1 + np.exp(-receptance)))
        T = len(x[row])
        exponents = np.stack([m0[row] - T * decay] + [k[i] - (T - 1 - i) * decay for i in range(T)])
        largest = exponents.max(0)
        parts = np.exp(exponents - largest)
        finals[0][row] = largest
        finals[1][row] = parts[0] * u0[row] + parts[1:].sum(0)
        finals[2][row] = parts[0] * w0[row] + (parts[1:] * np.stack(v)).sum(0)
        shift[row, 0] = before
    return y, (*finals, shift)
