import copy
import pickle

import pytest
import torch
from layers.minimal import FORMS, cell
from tolerances import close

from rnnzoo.layers.mingru import MinGRU
from rnnzoo.ops import BackendError
from rnnzoo.registry import UnknownName


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_states_of_the_log_form_are_never_negative_where_the_gate_saturates(dtype):
    made = cell(MinGRU, "log", dtype=dtype)
    assert (made(100 * torch.randn(4, 100, 3, dtype=dtype))[0] >= 0).all()


@pytest.mark.parametrize("T", [1, 50])  # the peer steps at T = 1 and works on logarithms otherwise
@pytest.mark.parametrize("given_state", [True, False])
def test_equals_mingru_pytorch(T, given_state):
    peer_module = pytest.importorskip("minGRU_pytorch.minGRU", reason="the peer minGRU-pytorch is not installed")
    peer = peer_module.minGRU(5).double()
    made = MinGRU(5, 5, bias=False, form="log", dtype=torch.float64)
    with torch.no_grad():
        peer.to_hidden_and_gate.weight.normal_()
        hidden, gate = peer.to_hidden_and_gate.weight.chunk(2)
        made.weight_ih.copy_(torch.cat((gate, hidden)))
    x = torch.randn(2, T, 5, dtype=torch.float64, requires_grad=True)
    h0 = torch.rand(2, 5, dtype=torch.float64) + 0.1 if given_state else None
    y_peer, final_peer = peer(x, None if h0 is None else h0.unsqueeze(1), return_next_prev_hidden=True)
    y, final = made(x, None if h0 is None else (h0,))
    close((y, final[0]), (y_peer, final_peer.squeeze(1)))
    close(torch.autograd.grad(y.sin().sum(), x), torch.autograd.grad(y_peer.sin().sum(), x))


@pytest.mark.parametrize("form", FORMS)
def test_traced_and_exported_graphs_equal_the_cell(form):
    made = cell(MinGRU, form)
    x = torch.randn(2, 6, 3, dtype=torch.float64)
    lengths = torch.tensor([6, 2])
    expected = made(x, None, lengths)
    close(torch.compile(made, backend="aot_eager", fullgraph=True)(x, None, lengths), expected)
    close(torch.export.export(made, (x, None, lengths)).module()(x, None, lengths), expected)


def test_autocast_gives_float32_near_the_float32_result():
    made = cell(MinGRU, dtype=torch.float32)
    x = torch.randn(2, 40, 3)
    expected, _ = made(x)
    with torch.autocast("cpu", torch.bfloat16):
        y, state = made(x)
        y_step, _ = made.step(x[:, 0], made.initial_state(2))
        a, b = made.coefficients(*made.gates(x))
    assert y.dtype == y_step.dtype == state[0].dtype == torch.float32
    assert a.dtype == b.dtype == torch.float32, "the gate is computed in half precision"
    assert (y - expected).abs().max() < 0.1
    close(y_step, y[:, 0])


def test_copies_and_pickles_give_the_same_output():
    made = cell(MinGRU, "log")
    x = torch.randn(2, 5, 3, dtype=torch.float64)
    for twin in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert torch.equal(twin(x)[0], made(x)[0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: m(torch.zeros(2, 3)), ValueError, r"x has shape \(2, 3\); expected \(batch, time, 3\)"),
        (lambda m: m(torch.zeros(2, 5, 4)), ValueError, r"x has shape \(2, 5, 4\).*input_size"),
        (lambda m: m(torch.zeros(2, 0, 3)), ValueError, "at least one row and one time step"),
        (lambda m: m(torch.zeros(0, 5, 3)), ValueError, "at least one row and one time step"),
        (lambda m: m(torch.zeros(2, 5, 3).double()), TypeError, "x has dtype torch.float64; expected torch.float32"),
        (lambda m: m(torch.zeros(2, 5, 3).long()), TypeError, "x has dtype torch.int64"),
        (lambda m: m([[1.0]]), TypeError, "x is a list"),
        (
            lambda m: m(torch.zeros(2, 5, 3), (torch.zeros(2, 3),)),
            ValueError,
            r"state\[0\] has shape \(2, 3\).*\(2, 4\)",
        ),
        (lambda m: m(torch.zeros(2, 5, 3), torch.zeros(2, 4)), TypeError, "state is a Tensor; expected a tuple"),
        (lambda m: m(torch.zeros(2, 5, 3), ()), ValueError, "state has 0 members; expected 1"),
        (lambda m: m(torch.zeros(2, 5, 3), lengths=torch.tensor([5, 0])), ValueError, r"lengths.*at least 1"),
        (lambda m: m(torch.zeros(2, 5, 3), lengths=torch.tensor([6, 1])), ValueError, "lengths.*at most"),
        (lambda m: m.step(torch.zeros(2, 1, 3), m.initial_state(2)), ValueError, r"x has shape.*\(batch, 3\)"),
        (lambda m: m.step(torch.zeros(2, 3), m.initial_state(1)), ValueError, r"state\[0\] has shape \(1, 4\)"),
        (lambda m: MinGRU(0, 4), ValueError, "input_size is 0"),
        (lambda m: MinGRU(3, 2.5), ValueError, "hidden_size is 2.5"),
        (lambda m: MinGRU(3, 4, form="logs"), UnknownName, "unknown form 'logs'; did you mean log"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call(MinGRU(3, 4))


def test_a_backend_that_cannot_run_is_refused():
    made = MinGRU(3, 4)
    made.backend = "native"
    with pytest.raises(BackendError, match="MinGRU cannot run with backend='native'"):
        made(torch.zeros(2, 5, 3))
