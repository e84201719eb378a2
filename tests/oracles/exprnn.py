"""The exponential RNN from the paper's equations, float64 NumPy, one sequence and unit at a time: arXiv 1901.08428."""

import numpy as np


def oracle(x, state, parameters, **options):
    """y (B, T, H) and the final state, of x (B, T, I) and a state (B, H)."""
    U = exponential(antisymmetric(parameters["skew"], len(parameters["modrelu_bias"])))
    h = np.array(state[0])
    y = np.empty((*x.shape[:2], len(U)))
    for row in range(len(x)):
        for t in range(x.shape[1]):
            z = parameters["weight_ih"] @ x[row, t] + U @ h[row] + parameters.get("bias_ih", 0.0)
            for unit, value in enumerate(z):
                size = abs(value) + parameters["modrelu_bias"][unit]
                h[row, unit] = 0.0 if size < 0 else np.copysign(size, value)
            y[row, t] = h[row]
    return y, (h,)


def antisymmetric(entries, H):
    A, entries = np.zeros((H, H)), iter(entries)
    for row in range(H):
        for column in range(row + 1, H):
            A[row, column] = next(entries)
            A[column, row] = -A[row, column]
    return A


def exponential(A):
    """By the eigenvectors of the Hermitian matrix iA."""
    frequencies, V = np.linalg.eigh(1j * A)
    return ((V * np.exp(-1j * frequencies)) @ V.conj().T).real
