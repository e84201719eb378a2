"""The strongly typed cells against torchrecurrent's, weights mapped: equal, but for a bias of the T-RNN."""

import pytest
import torch
from tolerances import close

from rnnzoo.layers.tgru import TGRU
from rnnzoo.layers.tlstm import TLSTM
from rnnzoo.layers.trnn import TRNN

torchrecurrent = pytest.importorskip("torchrecurrent", reason="the peer torchrecurrent is not installed")

I, H = 3, 5


def random(module):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_()
    return module


def example():
    x, state = torch.randn(2, 7, I, dtype=torch.float64), torch.randn(2, H, dtype=torch.float64)
    return x, state, torch.randn(2, 1, I, dtype=torch.float64)


@pytest.mark.parametrize("name", ["TGRU", "TLSTM"])
def test_typed_gru_and_lstm_equal_the_peers(name):
    peer = random(getattr(torchrecurrent, name)(I, H, batch_first=True, dtype=torch.float64))
    ours = {"TGRU": TGRU, "TLSTM": TLSTM}[name](I, H, dtype=torch.float64)
    cell = peer.cells[0]
    with torch.no_grad():
        ours.weight_ih.copy_(torch.stack((cell.weight_hh, cell.weight_ih), 2))
        ours.bias_ih.copy_(cell.bias_ih + cell.bias_hh)
    x, state, before = example()
    y_peer, (state_peer, last) = peer(x, (state.unsqueeze(0), (before[:, 0],)))
    y, final = ours(x, (state, before))
    close((y, final[0], final[1][:, 0]), (y_peer, state_peer[0], last[0]))


def typed_rnn(z_bias):
    """Our T-RNN and the peer's with the same weights; z's bias of the peer times ``z_bias``."""
    peer = random(torchrecurrent.TRNN(I, H, batch_first=True, dtype=torch.float64))
    ours = TRNN(I, H, dtype=torch.float64)
    cell = peer.cells[0]
    with torch.no_grad():
        cell.bias_ih[:H] *= z_bias
        ours.weight_ih.copy_(cell.weight_ih)
        ours.bias_ih.copy_(cell.bias_ih[H:])
    return ours, peer


def test_typed_rnn_equals_the_peers_where_its_candidate_has_no_bias():
    ours, peer = typed_rnn(z_bias=0)
    x, state, _ = example()
    y_peer, final_peer = peer(x, state.unsqueeze(0))
    y, final = ours(x, (state,))
    close((y, final[0]), (y_peer, final_peer[0]))


def test_the_peers_typed_rnn_adds_a_bias_that_the_paper_has_not():
    ours, peer = typed_rnn(z_bias=1)
    x, state, _ = example()
    y_peer, _ = peer(x, state.unsqueeze(0))
    y, _ = ours(x, (state,))
    assert (y - y_peer).abs().max() > 0.1
    bias, f = peer.cells[0].bias_ih[:H], torch.sigmoid(x @ ours.weight_ih[H:].T + ours.bias_ih)
    shift = torch.zeros_like(state)
    for t in range(x.shape[1]):  # what the bias alone adds, by the recurrence that is linear in it
        shift = f[:, t] * shift + (1 - f[:, t]) * bias
        close(y[:, t] + shift, y_peer[:, t])
