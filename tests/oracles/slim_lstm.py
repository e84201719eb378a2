"""SLIM LSTM from the paper's equations, one sequence after another, float64 NumPy.

Lu, Salem, "Simplified Gating in Long Short-term Memory (LSTM) Recurrent Neural Networks", 2017: LSTM1 (gates of state
and bias), LSTM2 (of the state alone), LSTM3 (of the bias alone); the cell's input block is the standard one.
"""

import numpy as np


def oracle(x, state, parameters, form=1):
    """y (B, T, H) and the final (h, c), of x (B, T, I) and states (B, H) each."""
    W, U = parameters["weight_ih"], parameters["weight_hh"]
    H = len(W)
    of_gates = {name: U[k * H : (k + 1) * H] for k, name in enumerate("ifo")} if form != 3 else {}
    of_candidate = U[-H:]
    outputs, ends = [], ([], [])
    for sequence, h, c in zip(x, *state, strict=True):
        rows = []
        for x_t in sequence:
            gate = {}
            for name in "ifo":
                total = np.zeros(H)
                if form in (1, 2):
                    total = total + of_gates[name] @ h
                if form in (1, 3):
                    total = total + parameters[f"b_{name}"]
                gate[name] = 1 / (1 + np.exp(-total))
            c = gate["f"] * c + gate["i"] * np.tanh(W @ x_t + of_candidate @ h + parameters.get("bias_ih", 0))
            h = gate["o"] * np.tanh(c)
            rows.append(h)
        outputs.append(rows)
        ends[0].append(h)
        ends[1].append(c)
    return np.array(outputs), tuple(np.array(end) for end in ends)
