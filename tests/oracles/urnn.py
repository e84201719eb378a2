"""The unitary evolution RNN from the paper's equations, complex float64 NumPy, factor by factor: arXiv 1511.06464."""

import numpy as np


def oracle(x, state, parameters):
    """y (B, T, 2H) and the final state, of x (B, T, I) and a state (B, 2H)."""
    V, b = as_complex(parameters["weight_ih"].T), as_complex(parameters.get("bias_ih", np.zeros(2)))
    h, c = as_complex(state[0]), parameters["modrelu_bias"]
    y = np.empty((*x.shape[:2], 2 * len(c)))
    for row in range(len(x)):
        for t in range(x.shape[1]):
            z = evolved(h[row], parameters) + x[row, t] @ V + b
            size = np.abs(z)
            h[row] = np.maximum(size + c, 0) * np.exp(1j * np.angle(z)) * (size > 0)
            y[row, t] = np.concatenate((h[row].real, h[row].imag))
    return y, (np.concatenate((h.real, h.imag), -1),)


def evolved(h, parameters):
    """D3 R2 F^-1 D2 P R1 F D1 h."""
    first, second, third = np.exp(1j * parameters["theta"])
    v1, v2 = as_complex(parameters["reflection"])
    n = np.arange(len(h))
    F = np.exp(-2j * np.pi * np.outer(n, n) / len(h)) / np.sqrt(len(h))
    h = reflected(F @ (first * h), v1)
    h = np.array([h[place] for place in parameters["permutation"]])
    return third * reflected(F.conj() @ (second * h), v2)


def reflected(h, v):
    return h - 2 * v * np.vdot(v, h) / np.vdot(v, v)


def as_complex(values):
    """Real parts, then imaginary ones."""
    half = values.shape[-1] // 2
    return values[..., :half] + 1j * values[..., half:]
