"""What a scan cell may declare: several states of any shape, a window over a projection, its own weights and widths."""

import pytest
import torch
from tolerances import close

from rnnzoo.contracts import LayerEntry, Paper
from rnnzoo.laws import LAWS, small_cell
from rnnzoo.laws.law import example
from rnnzoo.layers._scan import ScanCell
from rnnzoo.ops.window import depthwise_convolution


class TwoSpeeds(ScanCell):
    """u = conv(W x); h (H, 2) decays by a learned rate, n (H,) by a gate; y = [sum of h, n * gate] (2H,)."""

    states = ("h", "n")
    weights = ("inner", "taps", "decay")
    gate_names = ("forget",)
    window = 3

    def __init__(self, input_size, hidden_size, **common):
        H = hidden_size
        self.shapes = {"h": (H, 2), "tail": (2, H), "inner": (2 * H, input_size), "taps": (H, 3), "decay": (H, 2)}
        super().__init__(input_size, hidden_size, **common)
        self.output_size = 2 * H

    def hoist(self, x):
        return torch.nn.functional.linear(x, self.inner).to(self.inner.dtype).chunk(2, -1)

    def gates(self, u, f):
        return torch.sigmoid(f), depthwise_convolution(u, self.taps)

    def coefficients(self, f, u):
        b = torch.stack((u, u**2), -1)
        return torch.sigmoid(self.decay), b, f, (1 - f) * u

    def readout(self, h, n, f, u):
        return torch.cat((h.sum(-1), n * f), -1)


ENTRY = LayerEntry(
    name="two_speeds",
    target=TwoSpeeds,
    class_name="TwoSpeeds",
    paper=Paper("", "", 2026, ""),
    kind="scan",
    description="",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle=None,
    exportable=True,
    double_backward=True,
)


@pytest.mark.parametrize("law", LAWS.values(), ids=lambda law: law.name)
def test_a_cell_of_everything_that_may_be_declared_obeys(law):
    if law.needs(ENTRY):
        law(lambda: small_cell(ENTRY), ENTRY)


def test_its_state_has_a_member_for_each_declared_and_the_tail_last():
    cell = small_cell(ENTRY)
    assert cell.state_shapes == ((4, 2), (4,), (2, 4))
    x, state = example(cell)
    projected = (x @ cell.inner.T)[..., :4]
    close(cell(x, state)[1][2], projected[:, -2:])


def test_its_states_are_shown_and_the_tail_is_not():
    cell = small_cell(ENTRY)
    x, state = example(cell)
    shown = cell.gate_values(x, state, torch.tensor([7, 1, 2]))
    assert (set(shown.states), set(shown.gates)) == ({"hidden", "n"}, {"forget"})
    close(shown.states["n"][1, 0], cell(x[1:2, :1], tuple(member[1:2] for member in state))[1][1][0])


@pytest.mark.parametrize("window", [0, 2.5, True])
def test_a_window_below_one_is_refused(window):
    kind = type("Wide", (TwoSpeeds,), {"window": window})
    with pytest.raises(ValueError, match=r"window is .*at least 1"):
        kind(3, 4)
