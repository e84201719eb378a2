import copy
import pickle

import pytest
import torch
from oracles.mingru import oracle
from tolerances import close

from rnnzoo.layers.mingru import MinGRU
from rnnzoo.ops import BackendError
from rnnzoo.registry import UnknownName

FORMS = ("plain", "log")


def cell(form="plain", *, bias=True, dtype=torch.float64, sizes=(3, 4)):
    made = MinGRU(*sizes, form=form, bias=bias, dtype=dtype)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn_like(parameter))
    return made


def numpy_of(module):
    return {name: parameter.detach().numpy() for name, parameter in module.named_parameters()}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("backend", ["reference", "torch"])
@pytest.mark.parametrize("given_state", [True, False])
def test_equals_the_paper(form, bias, backend, given_state):
    made = cell(form, bias=bias)
    made.backend = backend
    x = torch.randn(2, 80, 3, dtype=torch.float64)
    state = (torch.rand(2, 4, dtype=torch.float64),)  # of 0 or more, as the logarithm wants
    y, final = made(x, state if given_state else None)
    start = state[0] if given_state else torch.zeros(2, 4, dtype=torch.float64)
    y_paper, final_paper = oracle(x.numpy(), (start.numpy(),), numpy_of(made), form=form)
    close(y, torch.from_numpy(y_paper))
    close(final[0], torch.from_numpy(final_paper[0]))
    assert made.last_backend == backend


@pytest.mark.parametrize("form", FORMS)
def test_whole_equals_chunked_equals_stepped_from_a_state_of_either_sign(form):
    made = cell(form)
    x = torch.randn(2, 70, 3, dtype=torch.float64)
    state = (torch.randn(2, 4, dtype=torch.float64),)
    y, final = made(x, state)
    first, middle = made(x[:, :23], state)
    second, end = made(x[:, 23:], middle)
    close((torch.cat((first, second), 1), end), (y, final))
    for t in range(70):
        y_t, state = made.step(x[:, t], state)
        close(y_t, y[:, t])
    close(state, final)


@pytest.mark.parametrize("form", FORMS)
def test_states_stay_between_the_least_and_greatest_of_candidates_and_initial_state(form):
    made = cell(form)
    x = 5 * torch.randn(4, 100, 3, dtype=torch.float64)
    h0 = torch.randn(4, 4, dtype=torch.float64)
    y, _ = made(x, (h0,))
    c = x @ made.weight_ih[4:].T + made.bias_ih[4:]
    if form == "log":
        c = torch.where(c >= 0, c + 0.5, c.sigmoid())
    seen = torch.cat((h0.unsqueeze(1), c), 1)
    assert (y <= seen.cummax(1).values[:, 1:] + 1e-12).all()
    assert (y >= seen.cummin(1).values[:, 1:] - 1e-12).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_states_of_the_log_form_are_positive_and_never_negative_where_the_gate_saturates(dtype):
    made = cell("log", dtype=dtype)
    assert (made(torch.randn(4, 100, 3, dtype=dtype))[0] > 0).all()
    assert (made(100 * torch.randn(4, 100, 3, dtype=dtype))[0] >= 0).all()


def test_padding_reaches_neither_output_nor_gradient():
    made = cell()
    x = torch.randn(2, 9, 3, dtype=torch.float64)
    lengths = torch.tensor([9, 4])
    alone = made(x[1:, :4])
    padded = x.clone()
    padded[1, 4:] = torch.nan
    y, final = made(padded, lengths=lengths)
    close((y[1:, :4], final[0][1:]), (alone[0], alone[1][0]))
    assert not y[1, 4:].any()
    (y.square().sum() + final[0].sum()).backward()
    assert all(parameter.grad.isfinite().all() for parameter in made.parameters())


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
    made = cell(form)
    x = torch.randn(2, 6, 3, dtype=torch.float64)
    lengths = torch.tensor([6, 2])
    expected = made(x, None, lengths)
    close(torch.compile(made, backend="aot_eager", fullgraph=True)(x, None, lengths), expected)
    close(torch.export.export(made, (x, None, lengths)).module()(x, None, lengths), expected)


def test_autocast_gives_float32_near_the_float32_result():
    made = cell(dtype=torch.float32)
    x = torch.randn(2, 40, 3)
    expected, _ = made(x)
    with torch.autocast("cpu", torch.bfloat16):
        y, state = made(x)
        y_step, _ = made.step(x[:, 0], made.initial_state(2))
        a, b = made.coefficients(x)
    assert y.dtype == y_step.dtype == state[0].dtype == torch.float32
    assert a.dtype == b.dtype == torch.float32, "the gate is computed in half precision"
    assert (y - expected).abs().max() < 0.1
    close(y_step, y[:, 0])


def test_parameters_are_drawn_within_one_over_root_h_and_count_as_the_formula():
    made = MinGRU(30, 100)
    assert sum(parameter.numel() for parameter in made.parameters()) == 2 * 100 * (30 + 1)
    assert all(0.09 < parameter.abs().max() <= 0.1 for parameter in made.parameters())
    assert MinGRU(3, 4, bias=False).bias_ih is None


def test_copies_and_pickles_give_the_same_output():
    made = cell("log")
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
