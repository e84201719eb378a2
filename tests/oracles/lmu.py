"""The Legendre memory unit from the paper's equations, one sequence and step at a time, float64 NumPy."""

import numpy as np


def oracle(x, state, parameters, *, order=None, theta=100.0, **options):
    """y (B, T, H) and the final (h, m), of x (B, T, I) and states (B, H), (B, M)."""
    h, m = (np.array(member) for member in state)
    A, B = held(*continuous(m.shape[1], theta))
    (e_x, W_x), (e_h, W_h), (e_m, W_m) = (
        (parameters[name][0], parameters[name][1:]) for name in ("weight_ih", "weight_hh", "weight_mm")
    )
    y = np.empty((*x.shape[:2], h.shape[1]))
    for row in range(len(x)):
        for t in range(x.shape[1]):
            u = e_x @ x[row, t] + e_h @ h[row] + e_m @ m[row]
            m[row] = A @ m[row] + B * u
            h[row] = np.tanh(W_x @ x[row, t] + W_h @ h[row] + W_m @ m[row] + parameters.get("bias_ih", 0.0))
            y[row, t] = h[row]
    return y, (h, m)


def continuous(M, theta):
    A, B = np.empty((M, M)), np.empty(M)
    for i in range(M):
        B[i] = (2 * i + 1) * (-1) ** i / theta
        for j in range(M):
            A[i, j] = (2 * i + 1) / theta * (-1 if i < j else (-1) ** (i - j + 1))
    return A, B


def held(A, B, halvings=10, terms=20):
    """e^A and its integral times B over a step of 1, by Taylor series of a small step and doubling it."""
    small = 2.0**-halvings
    power, step, integral = np.eye(len(B)), np.zeros_like(A), np.zeros_like(A)
    for n in range(terms):
        step = step + power
        integral = integral + power * small / (n + 1)
        power = power @ A * small / (n + 1)
    for _ in range(halvings):
        integral = integral + step @ integral
        step = step @ step
    return step, integral @ B
