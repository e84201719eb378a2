import pytest
import torch
from layers.minimal import FORMS, cell
from tolerances import close

from rnnzoo.layers.minlstm import MinLSTM


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("closed", [-200.0, -2000.0])  # float32's sigmoid of either is 0: the quotient itself is 0 / 0
def test_both_gates_shut_share_evenly_and_keep_their_gradient(form, closed):
    made = cell(MinLSTM, form, dtype=torch.float32)
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
