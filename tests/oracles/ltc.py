"""The liquid time-constant network's fused solver, neuron by neuron and synapse by synapse, in float64 NumPy.

Hasani, Lechner, Amini, Rus, Grosu, "Liquid Time-constant Networks", AAAI 2021, algorithm 1, with the synapses of the
authors' code.
"""

import math

import numpy as np


def oracle(x, state, parameters, time_gap=False, unfolds=6):
    """y (B, T, H) and the final v (B, H) of x (B, T, I)."""
    v = state[0].copy()
    B, T, _ = x.shape
    H = v.shape[1]
    y = np.empty((B, T, H))
    for row in range(B):
        for t in range(T):
            seen, gap = (x[row, t, :-1], x[row, t, -1]) if time_gap else (x[row, t], 1.0)
            seen = seen * parameters["input_scale"] + parameters.get("input_bias", 0)
            for _ in range(unfolds):
                v[row] = [membrane(parameters, j, v[row], seen, gap / unfolds) for j in range(H)]
            y[row, t] = parameters["output_scale"] * v[row] + parameters.get("output_bias", 0)
    return y, (v,)


def membrane(parameters, j, v, seen, delta):
    """The potential of neuron j after delta, of the potentials v and the inputs."""
    per_time = softplus(parameters["capacity"][j]) / delta
    leak = softplus(parameters["leak"][j])
    current = per_time * v[j] + leak * parameters["rest"][j]
    conductance = per_time + leak + 1e-8
    for kind, sources in (("input_", seen), ("", v)):
        for i, source in enumerate(sources):
            slope, threshold = parameters[f"{kind}slope"][i, j], parameters[f"{kind}threshold"][i, j]
            strength = softplus(parameters[f"{kind}strength"][i, j]) / (1 + math.exp(-slope * (source - threshold)))
            current += strength * parameters[f"{kind}reversal"][i, j]
            conductance += strength
    return current / conductance


def softplus(value):
    return math.log1p(math.exp(value))
