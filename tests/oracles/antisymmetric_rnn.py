"""The antisymmetric network from the paper's equations, float64 NumPy.

Chang, Chen, Haber, Chi, "AntisymmetricRNN: A Dynamical System View on Recurrent Neural Networks", 1902.09689.
"""

import numpy as np


def oracle(x, state, parameters, epsilon=0.1, gamma=0.01):
    """y (B, T, H) and the final state, of x (B, T, I) and a state (B, H)."""
    W, V, b = parameters["weight_hh"], parameters["weight_ih"], parameters.get("bias_ih", 0.0)
    (h,) = state
    H = h.shape[1]
    y = []
    for u in np.moveaxis(x, 1, 0):
        net = np.array([sum((W[i, j] - W[j, i]) * h[:, j] for j in range(H)) - gamma * h[:, i] for i in range(H)]).T
        h = h + epsilon * np.tanh(net + u @ V.T + b)
        y.append(h)
    return np.stack(y, 1), (h,)
