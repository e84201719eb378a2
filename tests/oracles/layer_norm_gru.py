"""Layer-normalised GRU from the paper's equations, one sequence at a time, in float64 NumPy.

Ba, Kiros, Hinton, 2016, arXiv 1607.06450, supplement: (z_t, r_t) = LN(W_h h_{t-1}) + LN(W_x x_t) over both gates
together, candidate tanh(LN(W x_t) + sigmoid(r_t) * LN(U h_{t-1})), h_t = (1 - sigmoid(z_t)) * h_{t-1} + sigmoid(z_t) *
candidate. The parameters hold the rows of r, z, then the candidate's.
"""

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, H) and the final (h,), of x (B, T, I) and a state (B, H)."""
    h = np.array(state[0], dtype=np.float64)
    H = h.shape[1]
    y = np.empty((*x.shape[:2], H))
    for row, t in np.ndindex(*x.shape[:2]):
        gates = normalised(parameters, "ih", slice(0, 2 * H), x[row, t])
        gates = gates + normalised(parameters, "hh", slice(0, 2 * H), h[row])
        r, z = 1 / (1 + np.exp(-gates[:H])), 1 / (1 + np.exp(-gates[H:]))
        last = slice(2 * H, 3 * H)
        candidate = normalised(parameters, "ih", last, x[row, t]) + r * normalised(parameters, "hh", last, h[row])
        h[row] = (1 - z) * h[row] + z * np.tanh(candidate)
        y[row, t] = h[row]
    return y, (h,)


def normalised(parameters, side, rows, value):
    product = parameters[f"weight_{side}"][rows] @ value
    spread = np.sqrt(np.mean((product - product.mean()) ** 2) + 1e-5)
    shift = parameters[f"shift_{side}"][rows] if f"shift_{side}" in parameters else 0.0
    return parameters[f"gain_{side}"][rows] * (product - product.mean()) / spread + shift
