"""minGRU from the paper's equations, float64 NumPy: arXiv 2410.01201, section 3.1 and appendix B (log space).

The log form works on logarithms throughout, as the paper does, so it shares no step with a linear scan.
"""

import numpy as np


def oracle(x, state, parameters, *, form="plain"):
    """y (B, T, H) and the final state, of x (B, T, I) and states (B, H); form="log" takes states of 0 or more."""
    weight, bias = parameters["weight_ih"], parameters.get("bias_ih", 0.0)
    H = len(weight) // 2
    (h,) = state
    y = np.empty((*x.shape[:2], H))
    for t in range(x.shape[1]):
        p = x[:, t] @ weight.T + bias
        k, c = p[:, :H], p[:, H:]
        h = plain(k, c, h) if form == "plain" else log_space(k, c, h)
        y[:, t] = h
    return y, (h,)


def plain(k, c, h):
    z = 1 / (1 + np.exp(-k))
    return (1 - z) * h + z * c


def log_space(k, c, h):
    log_z, log_rest = -np.logaddexp(0, -k), -np.logaddexp(0, k)
    log_c = np.array([np.log(v + 0.5) if v >= 0 else -np.logaddexp(0, -v) for v in c.flat]).reshape(c.shape)
    with np.errstate(divide="ignore"):
        return np.exp(np.logaddexp(log_rest + np.log(h), log_z + log_c))
