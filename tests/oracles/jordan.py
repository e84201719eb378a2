"""Jordan's network from its two equations, one row at a time, in float64 NumPy.

Jordan, "Serial Order: A Parallel Distributed Processing Approach", ICS Report 8604, 1986: the output is fed back.
"""

import numpy as np

FUNCTIONS = {
    "tanh": np.tanh,
    "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
    "relu": lambda v: np.where(v > 0, v, 0.0),
    "identity": lambda v: v,
}


def oracle(x, state, parameters, output_size=None, nonlinearity="tanh", output_nonlinearity="tanh"):
    """y (B, T, O) and the final (y,), of x (B, T, I) and the last output (B, O)."""
    phi, psi = FUNCTIONS[nonlinearity], FUNCTIONS[output_nonlinearity]
    W, U, V, b, b_y = matrices(parameters)
    outputs = np.empty((*x.shape[:2], len(V)))
    finals = []
    for row, (sequence, y) in enumerate(zip(x, state[0], strict=True)):
        for t, input in enumerate(sequence):
            y = psi(V @ phi(W @ input + U @ y + b) + b_y)
            outputs[row, t] = y
        finals.append(y)
    return outputs, (np.array(finals),)


def matrices(parameters):
    W = parameters["weight_ih"]
    H = len(W)
    if "weight_hh" in parameters:
        U, V = parameters["weight_hh"][:H], parameters["weight_hh"][H:]
        recurrent = parameters.get("bias_hh", np.zeros(2 * H))
        after = (recurrent[:H], recurrent[H:])
    else:
        U, V = parameters["weight_hh_0"], parameters["weight_hh_1"]
        after = [parameters.get(f"bias_hh_{i}", np.zeros(len(m))) for i, m in enumerate((U, V))]
    return W, U, V, parameters.get("bias_ih", np.zeros(H)) + after[0], after[1]
