"""Article 003, the SRN's forward pass by hand: the example of the book's 6.1 with its published numbers."""

import numpy as np
import pytest
import torch
from tolerances import close

import rnnzoo

W = np.array([[0.1, 0.2], [0.1, 0.2]])  # (I, H)
U = np.array([[0.0, 0.1], [0.1, 0.0]])  # (H, H)
b = np.array([0.1, 0.1])
X = np.array([[[1.0, 0.0], [0.0, 2.0]], [[2.0, 4.0], [1.0, 3.0]]])  # (B, T, I)
PUBLISHED = [  # h_1 and h_2 of both sequences, as the book's notebook prints them in single precision
    [[0.19737528, 0.29131261], [0.31773996, 0.47749743]],
    [[0.60436779, 0.86172318], [0.52713710, 0.74447167]],
]


def by_hand():
    """h_t = tanh(x_t W + h_{t-1} U + b)."""
    h, states = np.zeros((2, 2)), []
    for t in range(2):
        h = np.tanh(X[:, t] @ W + h @ U + b)
        states.append(h)
    return np.stack(states, axis=1)  # (B, T, H)


@pytest.fixture(params=["reference", "torch", "native"])
def srn(request):
    made = rnnzoo.RNN(2, 2, batch_first=True, recurrent_bias=False, dtype=torch.float64, backend=request.param)
    weights = {"weight_ih_l0": W.T, "weight_hh_l0": U.T, "bias_ih_l0": b}
    made.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in weights.items()})
    return made


def test_the_numbers_by_hand_are_the_published_ones():
    np.testing.assert_allclose(by_hand(), PUBLISHED, rtol=0, atol=5e-8)


def test_every_backend_gives_the_numbers_by_hand(srn):
    h, last = srn(torch.from_numpy(X))
    expected = torch.from_numpy(by_hand())
    close(h, expected, what="states")
    close(last[0], expected[:, -1], what="last state")


def test_the_second_step_uses_the_weights_of_the_first(srn):
    x = torch.from_numpy(X)
    once, state = srn(x[:, :1])
    again, _ = srn(x[:, 1:], state)
    close(torch.cat([once, again], dim=1), torch.from_numpy(by_hand()), what="states")
