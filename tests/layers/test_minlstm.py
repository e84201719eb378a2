import pytest
import torch
from oracles.minlstm import oracle
from tolerances import close

from rnnzoo.layers.minlstm import MinLSTM

FORMS = ("plain", "log")


def cell(form="plain", *, bias=True, dtype=torch.float64):
    made = MinLSTM(3, 4, form=form, bias=bias, dtype=dtype)
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
    x = torch.randn(2, 64, 3, dtype=torch.float64)
    state = (torch.randn(2, 4, dtype=torch.float64),)
    y, final = made(x, state)
    first, middle = made(x[:, :32], state)
    second, end = made(x[:, 32:], middle)
    close((torch.cat((first, second), 1), end), (y, final))
    for t in range(64):
        y_t, state = made.step(x[:, t], state)
        close(y_t, y[:, t])
    close(state, final)


@pytest.mark.parametrize("form", FORMS)
def test_states_stay_between_the_least_and_greatest_of_candidates_and_initial_state(form):
    made = cell(form)
    x = 5 * torch.randn(4, 100, 3, dtype=torch.float64)
    h0 = torch.randn(4, 4, dtype=torch.float64)
    y, _ = made(x, (h0,))
    c = x @ made.weight_ih[8:].T + made.bias_ih[8:]
    if form == "log":
        c = torch.where(c >= 0, c + 0.5, c.sigmoid())
    seen = torch.cat((h0.unsqueeze(1), c), 1)
    assert (y <= seen.cummax(1).values[:, 1:] + 1e-12).all()
    assert (y >= seen.cummin(1).values[:, 1:] - 1e-12).all()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("closed", [-200.0, -2000.0])  # float32's sigmoid of either is 0: the quotient itself is 0 / 0
def test_both_gates_shut_share_evenly_and_keep_their_gradient(form, closed):
    made = cell(form, dtype=torch.float32)
    with torch.no_grad():
        made.bias_ih[:8] = closed
        made.weight_ih[:8] = 0
    h0 = torch.rand(2, 4)
    x = torch.randn(2, 1, 3)
    y, _ = made(x, (h0,))
    c = x[:, 0] @ made.weight_ih[8:].T + made.bias_ih[8:]
    if form == "log":
        c = torch.where(c >= 0, c + 0.5, c.sigmoid())
    close(y[:, 0], 0.5 * h0 + 0.5 * c)
    y.sum().backward()
    gradient = made.bias_ih.grad[:8]
    assert gradient.isfinite().all()
    close(gradient[:4], -gradient[4:], what="f and i pull against each other")
    close(gradient[:4], (0.25 * (h0 - c)).sum(0))


def test_states_of_the_log_form_are_positive():
    y, _ = cell("log", dtype=torch.float32)(5 * torch.randn(4, 100, 3))
    assert (y > 0).all()


def test_padding_reaches_neither_output_nor_gradient():
    made = cell()
    x = torch.randn(2, 9, 3, dtype=torch.float64)
    alone = made(x[1:, :4])
    padded = x.clone()
    padded[1, 4:] = torch.nan
    y, final = made(padded, lengths=torch.tensor([9, 4]))
    close((y[1:, :4], final[0][1:]), (alone[0], alone[1][0]))
    assert not y[1, 4:].any()
    (y.square().sum() + final[0].sum()).backward()
    assert all(parameter.grad.isfinite().all() for parameter in made.parameters())


@pytest.mark.parametrize("T", [1, 50])  # the peer steps at T = 1 and works on logarithms otherwise
def test_equals_minlstm_pytorch_without_a_state(T):
    """With a state the peer's two modes disagree (it squashes the state again in parallel), so there is no parity."""
    peer_module = pytest.importorskip("minGRU_pytorch.minLSTM", reason="the peer minGRU-pytorch is not installed")
    peer = peer_module.minLSTM(5).double()
    made = MinLSTM(5, 5, bias=False, form="log", dtype=torch.float64)
    with torch.no_grad():
        peer.to_hidden_and_f_i_gate.weight.normal_()
        hidden, f, i = peer.to_hidden_and_f_i_gate.weight.chunk(3)
        made.weight_ih.copy_(torch.cat((f, i, hidden)))
    x = torch.randn(2, T, 5, dtype=torch.float64, requires_grad=True)
    y_peer, y = peer(x), made(x)[0]
    close(y, y_peer)
    close(torch.autograd.grad(y.sin().sum(), x), torch.autograd.grad(y_peer.sin().sum(), x))


def test_parameters_count_as_the_formula():
    assert sum(parameter.numel() for parameter in MinLSTM(30, 100).parameters()) == 3 * 100 * (30 + 1)
