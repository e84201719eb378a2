"""The gated antisymmetric network from the paper's equations, float64 NumPy.

Chang, Chen, Haber, Chi, "AntisymmetricRNN: A Dynamical System View on Recurrent Neural Networks", 1902.09689: gate and
candidate share the one antisymmetric matrix.
"""

import numpy as np


def oracle(x, state, parameters, epsilon=0.1, gamma=0.01):
    """y (B, T, H) and the final state, of x (B, T, I) and a state (B, H)."""
    W = parameters["weight_hh"]
    V_z, V_h = np.split(parameters["weight_ih"], 2)
    b_z, b_h = np.split(parameters["bias_ih"], 2) if "bias_ih" in parameters else (0.0, 0.0)
    (h,) = state
    H = h.shape[1]
    y = []
    for u in np.moveaxis(x, 1, 0):
        net = np.array([sum((W[i, j] - W[j, i]) * h[:, j] for j in range(H)) - gamma * h[:, i] for i in range(H)]).T
        gate = 1 / (1 + np.exp(-(net + u @ V_z.T + b_z)))
        h = h + epsilon * gate * np.tanh(net + u @ V_h.T + b_h)
        y.append(h)
    return np.stack(y, 1), (h,)
