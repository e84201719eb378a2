"""Dynamical systems and elementwise cells against torchrecurrent's, weights mapped, and where they differ."""

import pytest
import torch
from tolerances import close

from rnnzoo.layers.antisymmetric_rnn import AntisymmetricRNN
from rnnzoo.layers.brc import BRC
from rnnzoo.layers.cornn import CoRNN
from rnnzoo.layers.gated_antisymmetric_rnn import GatedAntisymmetricRNN
from rnnzoo.layers.indrnn import IndRNN
from rnnzoo.layers.lem import LEM
from rnnzoo.layers.tau_gru import TauGRU
from rnnzoo.layers.unicornn import UnICORNN

torchrecurrent = pytest.importorskip("torchrecurrent", reason="the peer torchrecurrent is not installed")

I, H, B, T = 3, 5, 2, 7
F64 = torch.float64


def random(module):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(std=0.7)
    return module


def peer_cell(name, **options):
    return random(getattr(torchrecurrent, f"{name}Cell")(I, H, dtype=F64, **options))


def ours(cell, **weights):
    """The cell with these weights, every one of its parameters among them."""
    assert set(weights) == {name for name, _ in cell.named_parameters()}
    cell.load_state_dict(weights)
    return cell


def example(members=1):
    return torch.randn(B, T, I, dtype=F64), torch.randn(members, B, H, dtype=F64).unbind()


def stepped(peer, x, state):
    """The peer's cell over a sequence: its first state at each step, and the final state."""
    y, single = [], len(state) == 1
    for t in range(x.shape[1]):
        out = peer(x[:, t], state[0] if single else state)
        state = (out,) if single else tuple(out)
        y.append(state[0])
    return torch.stack(y, 1), state


def test_cornn_equals_the_peer():
    peer = peer_cell("coRNN", dt=0.3, gamma=1.7, epsilon=0.6)
    cell = ours(
        CoRNN(I, H, dt=0.3, gamma=1.7, epsilon=0.6, dtype=F64),
        weight_ih=peer.weight_ih,
        weight_hh=torch.cat([peer.weight_ch, peer.weight_hh]),
        bias_ih=peer.bias_ih + peer.bias_hh + peer.bias_ch,
    )
    x, state = example(2)
    close(cell(x, state), stepped(peer, x, state))


def test_unicornn_equals_the_peer():
    peer = peer_cell("UnICORNN", dt=0.6, alpha=1.2)
    cell = ours(
        UnICORNN(I, H, dt=0.6, alpha=1.2, dtype=F64),
        weight_ih=peer.weight_ih,
        bias_ih=peer.bias_ih,
        w=peer.weight_hh,
        c=peer.weight_ch,
    )
    x, state = example(2)
    close(cell(x, state), stepped(peer, x, state))


@pytest.mark.parametrize("nonlinearity", ["relu", "tanh"])
def test_indrnn_equals_the_peer(nonlinearity):
    peer = peer_cell("IndRNN", nonlinearity=nonlinearity)
    weights = {"weight_ih": peer.weight_ih, "u": peer.vector_u, "bias_ih": peer.bias_ih + peer.bias_hh}
    cell = ours(IndRNN(I, H, nonlinearity=nonlinearity, dtype=F64), **weights)
    x, state = example()
    close(cell(x, state), stepped(peer, x, state))


def test_brc_equals_the_peer():
    peer = peer_cell("BR")
    w_a, w_c = peer.weight_hh.chunk(2)
    bias = peer.bias_ih.detach().clone()
    bias[: 2 * H] += peer.bias_hh.detach()
    cell = ours(BRC(I, H, dtype=F64), weight_ih=peer.weight_ih, bias_ih=bias, w_a=w_a, w_c=w_c)
    x, state = example()
    close(cell(x, state), stepped(peer, x, state))


def test_antisymmetric_rnn_equals_the_peer():
    peer = peer_cell("AntisymmetricRNN", epsilon=0.4, gamma=0.3)
    weights = {"weight_ih": peer.weight_ih, "weight_hh": peer.weight_hh, "bias_ih": peer.bias_ih + peer.bias_hh}
    cell = ours(AntisymmetricRNN(I, H, epsilon=0.4, gamma=0.3, dtype=F64), **weights)
    x, state = example()
    close(cell(x, state), stepped(peer, x, state))


def test_gated_antisymmetric_rnn_equals_the_peer():
    peer = peer_cell("GatedAntisymmetricRNN", epsilon=0.4, gamma=0.3)
    bias = peer.bias_ih.detach().clone()
    bias[H:] += peer.bias_hh.detach()  # the peer's second bias is the candidate's alone
    weights = {"weight_ih": peer.weight_ih, "weight_hh": peer.weight_hh, "bias_ih": bias}
    cell = ours(GatedAntisymmetricRNN(I, H, epsilon=0.4, gamma=0.3, dtype=F64), **weights)
    x, state = example()
    close(cell(x, state), stepped(peer, x, state))


def lem_pair(dt):
    peer = peer_cell("LEM", dt=dt)
    cell = ours(
        LEM(I, H, dt=dt, dtype=F64),
        weight_ih=peer.weight_ih,
        weight_hh=torch.cat([peer.weight_hh, peer.weight_ch]),
        bias_ih=peer.bias_ih,
        bias_hh=torch.cat([peer.bias_hh, peer.bias_ch]),
    )
    return peer, cell


@pytest.mark.parametrize("dt", [1.0, 0.4])
def test_lem_is_the_peer_made_to_see_the_new_z(dt):
    """The peer's z is right; called again with it, in place of the old one, its y is that of the paper."""
    peer, cell = lem_pair(dt)
    x, state = example(2)
    (y, z), expected = state, []
    with torch.no_grad():
        for t in range(T):
            _, z_new = peer(x[:, t], (y, z))
            y, z = peer(x[:, t], (y, z_new))[0], z_new
            expected.append(y)
    close(cell(x, state), (torch.stack(expected, 1), (y, z)))


def test_lem_differs_from_the_peer_which_shows_y_the_old_z():
    peer, cell = lem_pair(1.0)
    x, state = example(2)
    y, (_, z) = cell(x[:, :1], state)
    (their_y, their_z) = peer(x[:, 0], state)
    close(z, their_z)  # after one step only y differs
    assert (y[:, 0] - their_y).abs().max() > 1e-2


def tau_pair(delay):
    peer = random(torchrecurrent.tauGRU(I, H, delay=delay, batch_first=True, dtype=F64))
    (inner,) = peer.cells
    weights = {}
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        u, z, g, a = getattr(inner, name).detach().chunk(4)
        weights[name] = torch.cat([u, g, a, z])
    return peer, ours(TauGRU(I, H, delay=delay, dtype=F64), **weights)


@pytest.mark.parametrize("delay", [1, 3, 10])
def test_tau_gru_equals_the_peer_on_sequences_that_begin_with_it(delay):
    peer, cell = tau_pair(delay)
    x, (h,) = example()
    y, (end, _) = cell(x, (h, torch.zeros(B, delay * H, dtype=F64)))
    their_y, their_end = peer(x, h.unsqueeze(0))
    close((y, end), (their_y, their_end[0]))


def test_tau_gru_in_pieces_is_whole_and_the_peers_is_not():
    peer, cell = tau_pair(2)
    x, _ = example()
    whole = cell(x)[0]
    close(peer(x)[0], whole)
    first, state = cell(x[:, :4])
    close(torch.cat([first, cell(x[:, 4:], state)[0]], 1), whole)
    their_first, their_state = peer(x[:, :4])
    their_second = peer(x[:, 4:], their_state)[0]
    close(their_first, first)
    assert (their_second - whole[:, 4:]).abs().max() > 1e-2
