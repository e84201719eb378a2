"""sLSTM: its stabiliser changes nothing but what can be represented, its heads are apart, its rows are their own."""

import pytest
import torch
from cell_oracle import equals_oracle, noisy
from tolerances import close

from rnnzoo.layers.slstm import SLSTM
from rnnzoo.registry import UnknownName

I, H = 3, 6
F64 = torch.float64


@pytest.mark.parametrize("num_heads", [1, 2, 6])
@pytest.mark.parametrize("forget_gate", ["sigmoid", "exp"])
def test_it_equals_the_unstabilised_equations_for_all_heads_and_forget_gates(num_heads, forget_gate):
    equals_oracle("slstm", I, H, num_heads=num_heads, forget_gate=forget_gate)


@pytest.mark.parametrize("bias_init", ["powerlaw", "linear", "uniform"])
def test_it_equals_the_oracle_without_a_bias_and_however_it_begins(bias_init):
    equals_oracle("slstm", I, H, bias=False)
    equals_oracle("slstm", I, H, bias_init=bias_init)


def test_the_output_does_not_depend_on_how_the_state_is_stabilised():
    cell = noisy("slstm", input_size=I, hidden_size=H)
    x = torch.randn(2, 7, I, dtype=F64)
    h, c, n, m = cell(torch.randn(2, 4, I, dtype=F64))[1]
    expected, end = cell(x, (h, c, n, m))
    shift = 3 * torch.randn(2, H, dtype=F64)
    y, moved = cell(x, (h, c * torch.exp(-shift), n * torch.exp(-shift), m + shift))
    close(y, expected)
    for member in (1, 2):  # c and n are the same once the stabiliser is taken out
        close(moved[member] * torch.exp(moved[3]), end[member] * torch.exp(end[3]))


@pytest.mark.parametrize("size", [300.0, -300.0])
def test_it_is_finite_where_exponentials_overflow_or_vanish(size):
    cell = SLSTM(I, H)
    with torch.no_grad():
        cell.bias_ih[:H] = size
    assert not torch.exp(torch.tensor(size)).log().isfinite()
    x = torch.randn(2, 9, I)
    for backend in ("reference", "torch"):
        cell.backend = backend
        y, final = cell(x)
        y.sum().backward()
        assert all(part.isfinite().all() for part in (y, *final, *(p.grad for p in cell.parameters())))
        assert y.abs().max() > 1e-3


def test_an_input_gate_that_is_the_same_for_all_steps_cancels():
    cell = noisy("slstm", input_size=I, hidden_size=H)
    x = torch.randn(2, 7, I, dtype=F64)
    expected = cell(x)[0]
    with torch.no_grad():
        cell.bias_ih[:H] += 5.0
    close(cell(x)[0], expected)


def test_units_of_one_head_do_not_see_those_of_another():
    cell = noisy("slstm", input_size=I, hidden_size=H, num_heads=2)
    x, h = torch.randn(1, I, dtype=F64), torch.randn(1, H, dtype=F64)
    rest = cell(torch.randn(1, 3, I, dtype=F64))[1][1:]
    jacobian = torch.autograd.functional.jacobian(lambda h: cell.step(x, (h, *rest))[0][0], h)[:, 0]
    D = H // 2
    assert not jacobian[:D, D:].any()
    assert not jacobian[D:, :D].any()
    assert (jacobian[:D, :D] != 0).all()


def test_heads_that_do_not_divide_the_state_and_unknown_names_are_refused():
    with pytest.raises(ValueError, match="num_heads is 4; expected a divisor of hidden_size = 6"):
        SLSTM(I, H, num_heads=4)
    with pytest.raises(UnknownName, match="unknown forget gate 'exo'; did you mean exp"):
        SLSTM(I, H, forget_gate="exo")
    with pytest.raises(UnknownName, match="did you mean powerlaw"):
        SLSTM(I, H, bias_init="power")


def test_the_forget_gates_bias_begins_as_the_authors():
    forget = SLSTM(I, H, num_heads=2).bias_ih.detach()[H : 2 * H]
    one = [5.0, 5 - 12 * 0.5**0.3, -7.0]
    close(forget, torch.tensor([*one, *one]))
    close(SLSTM(I, H, bias_init="linear").bias_ih.detach()[H : 2 * H], torch.linspace(3, 6, H))
    assert SLSTM(I, H, num_heads=H).bias_ih.detach()[H : 2 * H].tolist() == [5.0] * H
