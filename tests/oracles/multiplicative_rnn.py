"""The multiplicative RNN from the paper's definition, one sequence at a time, in float64 NumPy.

Sutskever, Martens, Hinton, "Generating Text with Recurrent Neural Networks", 2011: the transition matrix of each step
is W_hf diag(W_fx x) W_fh; here it is built, and then used.
"""

import numpy as np


def oracle(x, state, parameters, factors=None):
    """y (B, T, H) and the final (h,), of x (B, T, I) and a state (B, H)."""
    H = state[0].shape[1]
    F = H if factors is None else factors
    W_fx, W_hx = parameters["weight_ih"][:F], parameters["weight_ih"][F:]
    if "weight_hh" in parameters:
        W_fh, W_hf = np.split(parameters["weight_hh"], 2)
    else:
        W_fh, W_hf = parameters["weight_hh_0"], parameters["weight_hh_1"]
    biases = [parameters[name] for name in ("bias_ih", "bias_hh", "bias_hh_1") if name in parameters]
    y, final = np.empty((*x.shape[:2], H)), state[0].copy()
    for row in range(len(x)):
        for t, now in enumerate(x[row]):
            transition = W_hf @ np.diag(W_fx @ now) @ W_fh  # (H, H)
            final[row] = np.tanh(W_hx @ now + transition @ final[row] + sum(biases))
            y[row, t] = final[row]
    return y, (final,)
