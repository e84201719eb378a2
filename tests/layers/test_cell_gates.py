"""Gates go by their right names: with them the paper's own state equation gives what `forward` gives."""

import pytest
import torch
from tolerances import close

from rnnzoo import gate_values
from rnnzoo.laws import small_cell
from rnnzoo.laws.law import example
from rnnzoo.layers.gru import GRU
from rnnzoo.layers.lstm import LSTM
from rnnzoo.layers.mingru import MinGRU
from rnnzoo.layers.minlstm import MinLSTM
from rnnzoo.layers.peephole_lstm import PeepholeLSTM
from rnnzoo.layers.srn import SRN
from rnnzoo.registry import LAYERS

I, H = 3, 4


def lstm(gate, h, c):
    c = gate["forget"] * c + gate["input"] * gate["candidate"]
    return gate["output"] * torch.tanh(c), c


def gru(gate, h):
    return ((1 - gate["update"]) * gate["candidate"] + gate["update"] * h,)


def mingru(gate, h):
    return ((1 - gate["update"]) * h + gate["update"] * gate["candidate"],)


def minlstm(gate, h):
    return (gate["forget"] * h + gate["input"] * gate["candidate"],)


CASES = {
    "lstm": (lambda: LSTM(I, H), lstm),
    "gru, reset after": (lambda: GRU(I, H), gru),
    "gru, reset before": (lambda: GRU(I, H, reset_after=False), gru),
    "peephole": (lambda: PeepholeLSTM(I, H), lstm),
    "mingru": (lambda: MinGRU(I, H), mingru),
    "mingru, log": (lambda: MinGRU(I, H, form="log"), mingru),
    "minlstm": (lambda: MinLSTM(I, H), minlstm),
    "minlstm, log": (lambda: MinLSTM(I, H, form="log"), minlstm),
}


@pytest.mark.parametrize("case", CASES)
def test_the_equation_of_the_state_with_the_gates_shown_gives_the_output(case):
    make, equation = CASES[case]
    cell = make().double()
    x, state = example(cell)
    y, final = cell(x, state)
    gates, _ = gate_values(cell, x, state)
    for t in range(x.shape[1]):
        state = equation({name: value[:, t] for name, value in gates.items()}, *state)
        close(state[0], y[:, t], what=f"output of step {t}")
    close(state, final, what="final state")


@pytest.mark.parametrize("name", ["lstm", "gru", "peephole_lstm", "mingru", "minlstm"])
def test_every_gate_but_the_candidate_is_between_zero_and_one(name):
    cell = small_cell(LAYERS.entry(name))
    for gate, value in gate_values(cell, 5 * example(cell)[0]).gates.items():
        assert gate == "candidate" or (value.min() >= 0 and value.max() <= 1)


def test_the_gates_of_an_lstm_stand_in_the_order_of_torchs_weights():
    cell = LSTM(I, H)
    for place, gate in enumerate(("input", "forget", "candidate", "output")):
        with torch.no_grad():
            cell.bias_ih.zero_()[place * H : (place + 1) * H] = 50.0
        shown = gate_values(cell, torch.randn(2, 3, I)).gates
        assert [name for name, value in shown.items() if value.min() > 0.999] == [gate]


def test_the_reset_gate_at_zero_cuts_the_candidate_off_from_the_state():
    for reset_after in (True, False):
        cell = GRU(I, H, reset_after=reset_after, recurrent_bias=False)
        with torch.no_grad():
            cell.bias_ih[:H] = -200.0  # the first block is r's
        x = torch.randn(1, 1, I)
        near, far = (gate_values(cell, x, (torch.full((1, H), value),)).gates for value in (0.1, 9.0))
        assert float(near["reset"].detach().max()) < 1e-30
        close(far["candidate"], near["candidate"])
        assert not torch.equal(far["update"], near["update"])


def test_the_two_gates_of_minlstm_sum_to_one():
    gates = gate_values(MinLSTM(I, H), torch.randn(2, 5, I)).gates
    close(gates["forget"] + gates["input"], torch.ones(2, 5, H))


def test_a_projected_state_has_its_own_width():
    shown = gate_values(LSTM(I, H, proj_size=2), torch.randn(2, 5, I))
    assert shown.states["hidden"].shape == (2, 5, 2)
    assert shown.states["cell"].shape == shown.gates["output"].shape == (2, 5, H)


def test_gradients_flow_through_the_values():
    x = torch.randn(1, 4, I, requires_grad=True)
    shown = gate_values(LSTM(I, H), x)
    (grad,) = torch.autograd.grad(shown.states["cell"][0, 2].sum(), x)
    assert grad[0, :3].abs().sum(1).min() > 0
    assert float(grad[0, 3].abs().sum()) == 0.0


def test_a_layer_without_gates_is_refused_by_name_with_those_that_have_some():
    with pytest.raises(ValueError, match=r"layer 'srn' has no gates.*gru, .*lstm, .*mingru, .*peephole_lstm.* have"):
        gate_values(SRN(I, H), torch.randn(2, 5, I))


@pytest.mark.parametrize("make", [lambda: LSTM(I, H), lambda: MinGRU(I, H)], ids=["gated", "scan"])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((torch.randn(5, I),), ValueError, "rank 3"),
        ((torch.randn(2, 5, I + 1),), ValueError, "last dimension of 3"),
        ((torch.randn(2, 5, I).double(),), TypeError, "dtype"),
        ((torch.randn(2, 5, I), torch.zeros(2, H)), TypeError, "expected a tuple"),
        ((torch.randn(2, 5, I), (torch.zeros(2, H),) * 3), ValueError, "3 members"),
        ((torch.randn(2, 5, I), None, torch.tensor([5, 6])), ValueError, "at most T = 5"),
    ],
)
def test_arguments_that_forward_refuses_are_refused_alike(make, arguments, error, message):
    for call in (make(), lambda *given: gate_values(make(), *given)):
        with pytest.raises(error, match=message):
            call(*arguments)
