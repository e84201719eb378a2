"""The recurrent highway network: what its gates carry, and where its input enters."""

import pytest
import torch
from classics import B, H, I, randoms
from tolerances import close

from rnnzoo import gate_values
from rnnzoo.laws import small_cell
from rnnzoo.layers.rhn import RHN
from rnnzoo.registry import LAYERS


@pytest.mark.parametrize("coupled", [True, False])
def test_rhn_whose_gates_carry_everything_keeps_its_state(coupled):
    cell = RHN(I, H, depth=3, coupled=coupled, dtype=torch.float64)
    blocks = 2 if coupled else 3
    with torch.no_grad():
        for parameter in cell.parameters():
            gates = parameter.view(-1, blocks, H, *parameter.shape[1:])
            gates[:, 1:] = 0.0
        cell.bias_hh.view(3, blocks, H)[:, 1] = -800.0  # transform
        if not coupled:
            cell.bias_hh.view(3, blocks, H)[:, 2] = 800.0  # carry
    h = randoms(B, H)
    _, (final,) = cell(randoms(B, 100, I), (h,))
    assert torch.equal(final, h)


def test_the_input_of_rhn_enters_its_first_layer_only():
    cell = small_cell(LAYERS.entry("rhn"))
    h = randoms(1, 4).expand(B, -1)
    gates = gate_values(cell, randoms(B, 1, I), (h,)).gates
    assert (gates["transform_1"][0] - gates["transform_1"][1]).abs().min() > 1e-6
    with torch.no_grad():
        cell.bias_hh[4:8] = -800.0  # the first layer carries everything, so that the second sees h alone
        cell.weight_hh[4:8] = 0.0
    gates = gate_values(cell, randoms(B, 1, I), (h,)).gates
    close(gates["transform_2"][0].detach(), gates["transform_2"][1].detach())


@pytest.mark.parametrize("options", [{}, {"coupled": False}, {"recurrent_bias": False}])
def test_the_transform_gates_of_rhn_start_by_carrying(options):
    cell = RHN(I, 30, transform_bias=-3.0, **options)
    blocks = 2 if cell.coupled else 3
    total = cell.bias_ih.view(-1, blocks, 30)[0, 1]
    if cell.bias_hh is not None:
        bias = cell.bias_hh.view(cell.depth, blocks, 30)
        assert (bias[1:, 1] == -3.0).all()
        total = total + bias[0, 1]
    assert (total == -3.0).all()
