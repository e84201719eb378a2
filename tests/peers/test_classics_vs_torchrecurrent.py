"""The classic, searched and small cells against torchrecurrent's: equal where it follows the paper, else by what.

Where it does not (SCRN, NAS, FastGRNN's default), their update is repeated here with the one term changed, and that
equals ours.
"""

import importlib

import pytest
import torch
from tolerances import close

from rnnzoo.registry import LAYERS

torchrecurrent = pytest.importorskip("torchrecurrent")

I, H, B, T = 3, 4, 2, 6


def random_tensor(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def theirs(name, **options):
    """One of torchrecurrent's cells with random weights, biases on."""
    cell = getattr(torchrecurrent, name)(I, H, dtype=torch.float64, **options)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.copy_(torch.randn_like(parameter))
    return cell


def ours(name, weights, **options):
    """One of our cells with these weights, all of them and no other."""
    cell = LAYERS.entry(name).target(I, H, dtype=torch.float64, **options)
    cell.load_state_dict({key: value.detach() for key, value in weights.items()})
    return cell


def over_time(step, x, state):
    """Outputs (B, T, H) and final state of a step ``(x, state) -> state`` whose state's first member is the output."""
    y = []
    for t in range(x.shape[1]):
        state = step(x[:, t], state if len(state) > 1 else state[0])
        state = state if isinstance(state, tuple) else (state,)
        y.append(state[0])
    return torch.stack(y, 1).detach(), tuple(member.detach() for member in state)


def run(cell, x, state):
    y, final = cell(x, state)
    return y.detach(), tuple(member.detach() for member in final)


def swapped(weight):
    """Their (g, z) as our (z, g)."""
    g, z = weight.chunk(2)
    return torch.cat([z, g])


def plain(cell):
    return dict(cell.named_parameters())


def fast_grnn(cell):
    b_z, b_h = (cell.bias_ih + cell.bias_hh).chunk(2)
    kept = {name: getattr(cell, name) for name in ("weight_ih", "weight_hh", "zeta", "nu")}
    return {**kept, "bias_z": b_z, "bias_h": b_h}


def sgu(cell):
    return {**plain(cell), "weight_hh": swapped(cell.weight_hh), "bias_hh": swapped(cell.bias_hh)}


def dsgu(cell):
    weights = {name: weight for name, weight in sgu(cell).items() if name != "weight_ho"}
    weights["weight_hh"] = torch.cat([weights["weight_hh"], cell.weight_ho])
    return {**weights, "bias_hh": torch.cat([weights["bias_hh"], torch.zeros(H, dtype=torch.float64)])}


EQUAL = {
    "cfn": ("CFNCell", {}, plain, {}),
    "star": ("STARCell", {}, plain, {}),
    "fast_rnn": ("FastRNNCell", {}, plain, {}),
    "fast_rnn, relu": ("FastRNNCell", {"nonlinearity": "relu"}, plain, {"nonlinearity": "relu"}),
    "fast_grnn": ("FastGRNNCell", {"nonlinearity": "sigmoid"}, fast_grnn, {}),
    "nbrc": ("NBRCell", {}, plain, {}),
    "sgrn": ("SGRNCell", {}, plain, {}),
    "sgu": ("SGUCell", {}, sgu, {}),
    "dsgu": ("DSGUCell", {}, dsgu, {}),
    "miru1": ("MiRU1Cell", {"update_coefficient": 0.3}, plain, {"update_coefficient": 0.3}),
    "miru2": (
        "MiRU2Cell",
        {"update_coefficient": 0.3, "reset_coefficient": 0.8},
        plain,
        {"update_coefficient": 0.3, "reset_coefficient": 0.8},
    ),
}


@pytest.mark.parametrize("case", EQUAL)
def test_with_the_same_weights_both_give_the_same(case):
    class_name, their_options, weights, our_options = EQUAL[case]
    their = theirs(class_name, **their_options)
    cell = ours(case.partition(",")[0], weights(their), **our_options)
    x, h = random_tensor(B, T, I), random_tensor(B, H)
    close(run(cell, x, (h,)), over_time(their, x, (h,)))


def scrn_weights(cell):
    R, U = cell.bias_hh.chunk(2)
    P, V = cell.bias_ch.chunk(2)
    weights = {"weight_ih": cell.weight_ih, "weight_hh": torch.cat([cell.weight_ch, cell.weight_hh])}
    return {**weights, "bias_ih": cell.bias_ih, "bias_hh": torch.cat([R + P, U + V])}


def scrn_step(cell, x, state, recurs):
    """Their update, and what the next step's hidden layer will see: the output, or the hidden layer as in the paper."""
    seen, s = state
    (R, U), (P, V) = cell.weight_hh.chunk(2), cell.weight_ch.chunk(2)
    (r, u), (p, v) = cell.bias_hh.chunk(2), cell.bias_ch.chunk(2)
    of_s, of_h = (x @ cell.weight_ih.t() + cell.bias_ih).chunk(2, 1)
    s = (1 - cell.alpha) * of_s + cell.alpha * s
    h = torch.sigmoid(of_h + seen @ R.t() + r + s @ P.t() + p)
    y = torch.tanh(h @ U.t() + u + s @ V.t() + v)
    return y, ({"output": y, "hidden": h}[recurs], s)


@pytest.mark.parametrize("recurs", ["output", "hidden"])
def test_scrn_recurs_on_its_hidden_layer_and_theirs_on_its_output(recurs):
    their = theirs("SCRNCell")
    with torch.no_grad():
        their.alpha.fill_(0.75)  # it is a float32
    cell = ours("scrn", scrn_weights(their), alpha=0.75)
    x, state = random_tensor(B, T, I), (random_tensor(B, H), random_tensor(B, H))
    repeated, now = [], state
    for t in range(T):
        y, now = scrn_step(their, x[:, t], now, recurs)
        repeated.append(y.detach())
    repeated = torch.stack(repeated, 1)
    theirs_y, our_y = over_time(their, x, state)[0], run(cell, x, state)[0]
    equal, other = (theirs_y, our_y) if recurs == "output" else (our_y, theirs_y)
    close(equal, repeated)
    close(other[:, 0], repeated[:, 0])  # nothing has been fed back yet
    assert (other[:, 1:] - repeated[:, 1:]).abs().amax((0, 2)).min() > 1e-3
    close(run(cell, x, state)[1][1], over_time(their, x, state)[1][1])  # the context is the same in both


def nas_step(cell, x, state, fourth):
    """Their update, with their sum or TensorFlow's product in the fourth of the eight layers."""
    h, c = state
    of_x, of_h = x @ cell.weight_ih.t() + cell.bias_ih, h @ cell.weight_hh.t() + cell.bias_hh
    g = list((of_x + of_h).chunk(8, 1))
    if fourth == "product":
        g[3] = of_x.chunk(8, 1)[3] * of_h.chunk(8, 1)[3]
    l1 = torch.tanh(torch.sigmoid(g[0]) * torch.relu(g[1]))
    l2 = torch.tanh(torch.sigmoid(g[2]) + torch.relu(g[3]))
    l3 = torch.tanh(torch.tanh(g[4]) * torch.sigmoid(g[5]))
    l4 = torch.sigmoid(torch.tanh(g[6]) + torch.sigmoid(g[7]))
    c = torch.tanh(l1 + c) * l2
    return torch.tanh(c * torch.tanh(l3 + l4)), c


def test_nas_multiplies_in_the_fourth_layer_where_theirs_adds():
    their = theirs("NASCell")
    cell = ours("nas", plain(their))
    x, state = random_tensor(B, T, I), (random_tensor(B, H), random_tensor(B, H))
    added, multiplied = (
        over_time(lambda x, state, kind=kind: nas_step(their, x, state, kind), x, state) for kind in ("sum", "product")
    )
    close(over_time(their, x, state), added)
    close(run(cell, x, state), multiplied)
    assert (added[0] - multiplied[0]).abs().max() > 1e-2


def test_the_gate_of_their_fastgrnn_is_a_tanh_unless_told_otherwise():
    their = theirs("FastGRNNCell")
    cell = ours("fast_grnn", fast_grnn(their))
    x, h = random_tensor(B, T, I), random_tensor(B, H)
    assert (over_time(their, x, (h,))[0] - run(cell, x, (h,))[0]).abs().max() > 1e-2
    their.act = torch.nn.Sigmoid()
    close(over_time(their, x, (h,)), run(cell, x, (h,)))


def test_their_fastrnn_starts_from_the_state_scaled_down_and_ours_from_the_state_kept():
    their, cell = torchrecurrent.FastRNNCell(I, H), LAYERS.entry("fast_rnn").target(I, H)
    kept = [float(torch.sigmoid(one.beta).detach()) for one in (their, cell)]
    assert kept[0] < 0.05
    assert kept[1] > 0.95


def test_their_rhn_is_not_exported_and_its_file_does_not_import():
    assert not hasattr(torchrecurrent, "RHNCell")
    with pytest.raises(ImportError, match="BaseRecurrentLayer"):
        importlib.import_module("torchrecurrent.cells.rhn_cell")
