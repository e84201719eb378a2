"""Wrapped cells are one graph for ``torch.compile``."""

import pytest
import torch
from tolerances import close

import rnnzoo

LOOSE = {"weight_drop": None, "layer_norm": None, "zoneout": None, "variational_dropout": None, "learned_state": None}
AROUND = {"residual": None, "highway": None, "block": None}


@pytest.mark.slow
@pytest.mark.parametrize("wrappers", [LOOSE, AROUND], ids=["regularisers", "connections"])
def test_a_cell_in_several_wrappers_gives_what_it_gives_eagerly(wrappers):
    torch.manual_seed(0)
    layer, x = rnnzoo.LSTM(6, 6, batch_first=True, wrappers=wrappers).eval(), torch.randn(2, 5, 6)
    torch.compiler.reset()
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    found = []
    for run in (layer, compiled):
        y, _ = run(x)
        gradients = torch.autograd.grad(y.square().sum(), list(layer.parameters()))
        found.append((y.detach(), *gradients))
    for eager, ours in zip(*found, strict=True):
        close(ours, eager)
