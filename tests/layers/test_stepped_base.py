"""The base of cells on a plain loop of steps: all that a cell inherits, on one with gates, a clock and a matrix."""

import pickle

import pytest
import torch
from tolerances import close
from torch.nn.functional import linear

import rnnzoo
from rnnzoo.contracts import LayerEntry
from rnnzoo.laws import LAWS, small_cell
from rnnzoo.layers._stepped import SteppedCell
from rnnzoo.ops.backends import BackendError
from rnnzoo.recurrent.page import in_time
from rnnzoo.registry import LAYERS, UnknownName


class Alternating(SteppedCell):
    """Two rows of memory, (2, H), written in turn as the clock t is even or odd; read as their sum."""

    states = ("t", "m")
    clocks = ("t",)
    gate_names = ("rate",)
    prepared = 0

    def __init__(self, input_size, hidden_size, **common):
        self.shapes = {"m": (2, hidden_size)}
        super().__init__(input_size, hidden_size, **common)

    def parameter_shapes(self):
        H = self.hidden_size
        return {"weight_ih": (2 * H, self.input_size), "weight_hh": (H, H)} | (
            {"bias_ih": (2 * H,)} if self.bias else {}
        )

    def hoist(self, x):
        return linear(x, self.weight_ih, self.bias_ih if self.bias else None).chunk(2, -1)

    def prepare(self):
        self.prepared += 1
        return (self.weight_hh.T,)

    def gates(self, now, state, prepared):
        return (torch.sigmoid(now[0]),)

    def advance(self, now, state, prepared):
        (a,), (t, m), (U,) = self.gates(now, state, prepared), state, prepared
        turn = torch.stack([t % 2 == 0, t % 2 == 1], 1).unsqueeze(-1)  # (B, 2, 1)
        h = torch.tanh(now[1] + m.sum(1) @ U)
        m = torch.where(turn, m + a.unsqueeze(1) * (h.unsqueeze(1) - m), m)
        return m.sum(1), (t + 1, m)


TINY = {"input_size": 3, "hidden_size": 4}
ENTRY = LayerEntry("alternating", Alternating, "Alternating", None, "other", "", TINY, None, double_backward=True)


@pytest.mark.parametrize("law", [law for law in LAWS.values() if not law.slow], ids=lambda law: law.name)
def test_a_stepped_cell_obeys_every_law(law):
    if law.needs(ENTRY):
        law(lambda: small_cell(ENTRY), ENTRY)


def test_a_clock_is_a_whole_number_and_counts_each_rows_own_steps():
    cell = small_cell(ENTRY)
    x = torch.randn(3, 5, 3, dtype=torch.float64)
    assert cell.initial_state(2, dtype=torch.bfloat16)[0].dtype == torch.int64
    assert cell.initial_state(2, dtype=torch.bfloat16)[1].dtype == torch.bfloat16
    _, (t, _) = cell(x, None, torch.tensor([5, 1, 3]))
    assert torch.equal(t, torch.tensor([5, 1, 3]))
    _, (t, _) = cell.step(x[:, 0], cell(x, None, torch.tensor([5, 1, 3]))[1])
    assert torch.equal(t, torch.tensor([6, 2, 4]))
    _, (t, m) = cell.float()(x.float())
    assert (t.dtype, m.dtype) == (torch.int64, torch.float32)


def test_a_clock_of_another_dtype_is_refused():
    cell = small_cell(ENTRY)
    x = torch.randn(2, 5, 3, dtype=torch.float64)
    t, m = cell.initial_state(2)
    with pytest.raises(
        TypeError, match=r"state\[0\] has dtype torch.float64; expected torch.int64: it is 't', a clock"
    ):
        cell(x, (t.double(), m))
    with pytest.raises(TypeError, match=r"torch\.int32"):
        cell.step(x[:, 0], (t.int(), m))


def test_what_is_prepared_is_prepared_once_a_call():
    cell = small_cell(ENTRY)
    cell(torch.randn(2, 5, 3, dtype=torch.float64))
    assert cell.prepared == 1


def test_gate_values_are_those_of_the_steps_and_show_no_clock():
    cell = small_cell(ENTRY)
    x = torch.randn(2, 5, 3, dtype=torch.float64)
    shown = rnnzoo.gate_values(cell, x, None, torch.tensor([5, 2]))
    assert list(shown.gates) == ["rate"]
    assert list(shown.states) == ["m"]
    rate = torch.sigmoid(linear(x, cell.weight_ih, cell.bias_ih)[..., :4])
    rate[1, 2:] = 0
    close(shown.gates["rate"], rate)
    _, state = cell(x[:1, :3])
    close(shown.states["m"][0, 2], state[1][0])


def test_it_has_the_readable_loop_alone_and_says_so():
    cell = small_cell(ENTRY)
    assert in_time(ENTRY) == "step loop"
    assert (in_time(LAYERS.entry("lstm")), in_time(LAYERS.entry("mingru"))) == ("", "parallel")
    cell.backend = "c"
    with pytest.raises(BackendError, match="Alternating cannot run with backend='c'; it can with 'reference'"):
        cell(torch.randn(2, 5, 3, dtype=torch.float64))
    cell.backend = "fast"
    with pytest.raises(UnknownName):
        cell(torch.randn(2, 5, 3, dtype=torch.float64))


def test_it_stacks_runs_both_ways_and_pickles():
    stack = rnnzoo.Recurrent(Alternating, 3, 4, num_layers=2, bidirectional=True, bias=False)
    x = torch.randn(6, 2, 3)
    y, hn = stack(x, lengths=[6, 2])
    assert y.shape == (6, 2, 8)
    assert [tuple(member.shape) for member in hn] == [(4, 2), (4, 2, 2, 4)]
    again = pickle.loads(pickle.dumps(stack))
    close(again(x, lengths=[6, 2])[0], y)
