"""What strongly typed cells promise: features of one type, averaged; gates that see two inputs and no state."""

import pytest
import torch
from oracles.tgru import oracle as tgru_oracle
from oracles.tlstm import oracle as tlstm_oracle
from oracles.trnn import oracle as trnn_oracle
from tolerances import close

from rnnzoo import gate_values
from rnnzoo.layers.qrnn import QRNN
from rnnzoo.layers.tgru import TGRU
from rnnzoo.layers.tlstm import TLSTM
from rnnzoo.layers.trnn import TRNN

ORACLES = {TRNN: trnn_oracle, TGRU: tgru_oracle, TLSTM: tlstm_oracle}
every_cell = pytest.mark.parametrize("kind", ORACLES)


def cell(kind, **options):
    made = kind(3, 4, dtype=torch.float64, **options)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_()
    return made


def example(made, T=9):
    x = torch.randn(2, T, 3, dtype=torch.float64)
    return x, tuple(torch.randn(2, *shape, dtype=torch.float64) for shape in made.state_shapes)


@every_cell
def test_without_bias_it_equals_the_paper(kind):
    made = cell(kind, bias=False)
    assert set(dict(made.named_parameters())) == {"weight_ih"}
    x, state = example(made, 70)
    expected, last = ORACLES[kind](
        x.numpy(), [s.numpy() for s in state], {"weight_ih": made.weight_ih.detach().numpy()}
    )
    close(made(x, state), (torch.from_numpy(expected), tuple(map(torch.from_numpy, last))))


@pytest.mark.parametrize("kind", [TRNN, TLSTM])
def test_the_state_is_an_average_it_stays_between_the_extremes_of_candidates_and_initial_state(kind):
    made = cell(kind)
    x, state = example(made, 100)
    shown = gate_values(made, 3 * x, state)
    seen = torch.cat((state[0].unsqueeze(1), shown.gates["candidate"]), 1)
    (h,) = shown.states.values()
    assert (h <= seen.cummax(1).values[:, 1:] + 1e-12).all()
    assert (h >= seen.cummin(1).values[:, 1:] - 1e-12).all()


def test_typed_features_scale_with_the_input_where_gates_are_held():
    made = cell(TRNN)
    with torch.no_grad():
        made.weight_ih[4:] = 0  # V: the gate is b's alone
    x, state = example(made)
    close(made(3 * x, (3 * state[0],))[0], 3 * made(x, state)[0])


@pytest.mark.parametrize("kind", [TGRU, TLSTM])
def test_a_gate_sees_this_input_and_the_one_before_and_no_other(kind):
    made = cell(kind)
    x, state = example(made)
    x.requires_grad_()
    for value in gate_values(made, x, state).gates.values():
        (gradient,) = torch.autograd.grad(value[:, 5].sum(), x, retain_graph=True)
        assert gradient.abs().sum((0, 2)).nonzero().flatten().tolist() == [4, 5]


@every_cell
def test_the_state_is_no_argument_of_any_gate(kind):
    made = cell(kind)
    x, state = example(made)
    other = (torch.randn_like(state[0]), *state[1:])
    close(tuple(gate_values(made, x, other).gates.values()), tuple(gate_values(made, x, state).gates.values()))


def test_typed_lstm_is_a_qrnn_of_window_two_with_a_linear_candidate_and_a_signed_output_gate():
    made, other = cell(TLSTM), QRNN(3, 4, dtype=torch.float64)
    other.load_state_dict(made.state_dict())
    other.gates = made.gates
    x, state = example(made)
    close(made(x, state), other(x, state))
