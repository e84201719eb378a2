"""SLIM LSTM: all three forms equal the paper, and their gates never look at the input."""

import pytest
import torch
from oracles.slim_lstm import oracle
from tolerances import close

import rnnzoo
from rnnzoo.layers.slim_lstm import SlimLSTM
from rnnzoo.registry import UnknownName

every_form = pytest.mark.parametrize("form", [1, 2, 3])


def made(form, **options):
    return SlimLSTM(3, 4, form=form, dtype=torch.float64, **options)


@every_form
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("backend", ["reference", "torch", "c"])
def test_every_form_equals_the_paper(form, bias, backend):
    cell = made(form, bias=bias)
    cell.backend = backend
    x, state = torch.randn(2, 7, 3).double(), (torch.randn(2, 4).double(), torch.randn(2, 4).double())
    y, final = cell(x, state)
    weights = {name: parameter.detach().numpy() for name, parameter in cell.named_parameters()}
    expected, expected_final = oracle(x.numpy(), tuple(m.numpy() for m in state), weights, form=form)
    close(y.detach(), torch.as_tensor(expected))
    close(tuple(m.detach() for m in final), tuple(map(torch.as_tensor, expected_final)))


@every_form
def test_the_gates_of_a_step_are_the_same_whatever_its_input(form):
    layer = rnnzoo.SlimLSTM(3, 4, form=form, batch_first=True)
    x = torch.randn(1, 5, 3).repeat(2, 1, 1)
    x[1, -1] = 9.0  # another last input
    gates = rnnzoo.gate_values(layer, x)["l0"].gates
    for name in ("input", "forget", "output"):
        assert torch.equal(gates[name][0], gates[name][1])
    assert not torch.equal(gates["candidate"][0, -1], gates["candidate"][1, -1])


def test_form_3_has_the_fewest_weights_and_form_1_the_gates_of_form_2_and_their_biases():
    counts = {form: sum(p.numel() for p in made(form).parameters()) for form in (1, 2, 3)}
    H, candidate = 4, 4 * 3 + 4 * 4 + 4
    assert counts == {1: candidate + 3 * (H * H + H), 2: candidate + 3 * H * H, 3: candidate + 3 * H}


def test_without_biases_form_1_is_form_2():
    one, two = made(1), made(2)
    two.load_state_dict({name: value for name, value in one.state_dict().items() if not name.startswith("b_")})
    with torch.no_grad():
        for name in ("b_i", "b_f", "b_o"):
            getattr(one, name).zero_()
    x = torch.randn(2, 6, 3).double()
    close(one(x)[0], two(x)[0])


@every_form
def test_weights_begin_as_the_docstring_says(form):
    cell = SlimLSTM(40, 60, form=form, forget_bias=3.0)
    bounds = {"weight_ih": (6 / 100) ** 0.5, "weight_hh": (6 / 120) ** 0.5}
    for name, parameter in cell.named_parameters():
        if name in bounds:
            assert 0.9 * bounds[name] < parameter.abs().max() <= bounds[name]
        else:
            assert (parameter == (3.0 if name == "b_f" else 0.0)).all()


def test_another_form_is_refused():
    with pytest.raises(UnknownName, match="unknown form '4'"):
        SlimLSTM(3, 4, form=4)
