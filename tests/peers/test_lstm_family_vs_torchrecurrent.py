"""torchrecurrent's relatives of the LSTM, with mapped weights: the same, or the same but for what a test names."""

import pytest
import torch
from tolerances import close

from rnnzoo.layers.lstm_1997 import OriginalLSTM
from rnnzoo.layers.mc_lstm import MCLSTM
from rnnzoo.layers.multiplicative_lstm import MultiplicativeLSTM
from rnnzoo.layers.peephole_lstm import PeepholeLSTM
from rnnzoo.layers.res_lstm import ResLSTM
from rnnzoo.layers.wmc_lstm import WMCLSTM

torchrecurrent = pytest.importorskip("torchrecurrent")

I, H, B, T = 3, 4, 2, 7


def pair(ours, theirs, mapping, **options):
    """Our cell and their layer, both with their random weights; ``mapping`` gives ours from theirs, by name."""
    layer = getattr(torchrecurrent, theirs)(I, H, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randn_like(parameter))
    cell = ours(I, H, dtype=torch.float64, **options)
    cell.load_state_dict(mapping({name.split(".")[-1]: p.detach().clone() for name, p in layer.named_parameters()}))
    return cell, layer


def inputs():
    x = torch.randn(B, T, I, dtype=torch.float64)
    return x, tuple(torch.randn(B, H, dtype=torch.float64) for _ in range(2))


def run(layer, x, state):
    y, final = layer(x, tuple(member.unsqueeze(0) for member in state))
    return y, tuple(member.squeeze(0) for member in final)


def same(weights):
    return weights


def peepholes(weights):
    weights |= zip(("p_i", "p_f", "p_o"), weights.pop("weight_ph").split(H), strict=True)
    return weights


def residual(weights):
    weights["weight_ih"] = torch.cat([weights["weight_ih"], weights.pop("weight_res")])
    weights["weight_hh"] = torch.cat([weights["weight_hh"], weights.pop("weight_proj")])
    return peepholes(weights)


def working_memory(weights):
    """Theirs without the bias that the paper's connections do not have."""
    weights.pop("bias_mh")
    memory = weights.pop("weight_mh")
    weights["weight_hh"] = torch.cat([memory[: 2 * H], weights["weight_hh"], memory[2 * H :]])
    return weights


def multiplicative(weights):
    """Theirs without the two biases that the paper's factors do not have."""
    weights["weight_hh"] = torch.cat([weights["weight_hh"], weights.pop("weight_mh")])
    weights["bias_ih"], weights["bias_hh"] = weights["bias_ih"][H:], weights.pop("bias_mh")
    return weights


@pytest.mark.parametrize(
    ("ours", "theirs", "mapping", "options"),
    [
        (OriginalLSTM, "OriginalLSTM", same, {"squashing": "tanh"}),
        (PeepholeLSTM, "PeepholeLSTM", peepholes, {}),
        (MCLSTM, "MCLSTM", same, {}),
        (ResLSTM, "ResLSTM", residual, {}),
    ],
)
def test_the_layer_is_the_same(ours, theirs, mapping, options):
    cell, layer = pair(ours, theirs, mapping, **options)
    x, state = inputs()
    y, final = cell(x, state)
    expected, end = run(layer, x, state)
    close(y, expected)
    close(final, end)


def test_their_lstm_of_1997_squashes_by_tanh_and_is_the_papers_when_that_is_replaced():
    cell, layer = pair(OriginalLSTM, "OriginalLSTM", same)
    x, state = inputs()
    y, final = cell(x, state)
    assert (run(layer, x, state)[0] - y).abs().max() > 1e-2

    h, c = state
    weights = {name.split(".")[-1]: p for name, p in layer.named_parameters()}
    for t in range(T):
        net = x[:, t] @ weights["weight_ih"].T + weights["bias_ih"] + h @ weights["weight_hh"].T + weights["bias_hh"]
        i, g, o = torch.sigmoid(net).chunk(3, 1)
        c = c + i * (4 * g - 2)  # theirs: tanh of the candidate's net input
        h = o * (2 * torch.sigmoid(c) - 1)  # theirs: tanh of the cell
        close(y[:, t], h)
    close(final, (h, c))


@pytest.mark.parametrize(
    ("ours", "theirs", "mapping", "biases"),
    [
        (WMCLSTM, "WMCLSTM", working_memory, {"bias_mh": slice(None)}),
        (MultiplicativeLSTM, "MultiplicativeLSTM", multiplicative, {"bias_ih": slice(H), "bias_hh": slice(None)}),
    ],
)
def test_their_layer_has_biases_the_paper_has_not_and_is_the_same_when_they_are_zero(ours, theirs, mapping, biases):
    cell, layer = pair(ours, theirs, mapping)
    x, state = inputs()
    y, final = cell(x, state)
    assert (run(layer, x, state)[0] - y).abs().max() > 1e-2
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            rows = biases.get(name.split(".")[-1])
            if rows is not None:
                parameter[rows] = 0
    expected, end = run(layer, x, state)
    close(y, expected)
    close(final, end)
