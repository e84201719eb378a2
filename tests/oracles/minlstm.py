"""minLSTM from the paper's equations, float64 NumPy: arXiv 2410.01201, section 3.2 and appendix B (log space).

The log form works on logarithms throughout, as the paper does, so it shares no step with a linear scan.
"""

import numpy as np


def oracle(x, state, parameters, *, form="plain"):
    """y (B, T, H) and the final state, of x (B, T, I) and states (B, H); form="log" takes states of 0 or more."""
    weight, bias = parameters["weight_ih"], parameters.get("bias_ih", 0.0)
    H = len(weight) // 3
    (h,) = state
    y = np.empty((*x.shape[:2], H))
    for t in range(x.shape[1]):
        p = x[:, t] @ weight.T + bias
        f, i, c = p[:, :H], p[:, H : 2 * H], p[:, 2 * H :]
        h = plain(f, i, c, h) if form == "plain" else log_space(f, i, c, h)
        y[:, t] = h
    return y, (h,)


def plain(f, i, c, h):
    f, i = 1 / (1 + np.exp(-f)), 1 / (1 + np.exp(-i))
    return f / (f + i) * h + i / (f + i) * c


def log_space(f, i, c, h):
    difference = np.logaddexp(0, -f) - np.logaddexp(0, -i)
    log_f, log_i = -np.logaddexp(0, difference), -np.logaddexp(0, -difference)
    log_c = np.array([np.log(v + 0.5) if v >= 0 else -np.logaddexp(0, -v) for v in c.flat]).reshape(c.shape)
    with np.errstate(divide="ignore"):
        return np.exp(np.logaddexp(log_f + np.log(h), log_i + log_c))
