"""LiGRU's batch norm is torch's over the steps that are real, and never sees padding."""

import pytest
import torch
from tolerances import close
from torch import nn

from rnnzoo.layers.ligru import LiGRU

B, T, I, H = 4, 7, 3, 5
LENGTHS = torch.tensor([7, 3, 1, 5])


def pair(**options):
    """A LiGRU, and torch's batch norm with the same gain, shift and averages."""
    cell, norm = LiGRU(I, H, dtype=torch.float64, **options), nn.BatchNorm1d(2 * H, momentum=0.05, dtype=torch.float64)
    with torch.no_grad():
        cell.norm_weight.add_(torch.randn(2 * H))
        norm.weight.copy_(cell.norm_weight)
        if cell.bias:
            cell.norm_bias.add_(torch.randn(2 * H))
            norm.bias.copy_(cell.norm_bias)
    return cell, norm


def behind(norm, cell, x, lengths, state):
    """The paper's network of torch's parts: product, batch norm of the real steps, and a LiGRU without one."""
    plain = LiGRU(2 * H, H, batch_norm=False, bias=False, dtype=torch.float64)
    weights = {"weight_ih": torch.eye(2 * H, dtype=torch.float64), "weight_hh": cell.weight_hh}
    real = torch.arange(x.shape[1]) < lengths.unsqueeze(1)  # (B, T)
    rows = norm(x[real] @ cell.weight_ih.T)
    p = torch.zeros(*x.shape[:2], 2 * H, dtype=torch.float64).masked_scatter(real.unsqueeze(-1), rows)
    return torch.func.functional_call(plain, weights, (p, state, lengths))


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "ragged"])
@pytest.mark.parametrize("bias", [True, False])
def test_in_training_it_is_torchs_batch_norm_over_all_real_steps(lengths, bias):
    cell, norm = pair(bias=bias)
    x, state = torch.randn(B, T, I, dtype=torch.float64), (torch.rand(B, H, dtype=torch.float64),)
    given = x.clone()
    if lengths is not None:
        for row, length in enumerate(lengths.tolist()):
            given[row, length:] = torch.nan
    y, final = cell(given, state, lengths)
    expected, expected_final = behind(norm, cell, x, torch.full((B,), T) if lengths is None else lengths, state)
    close((y, final), (expected, expected_final))
    shared = [cell.weight_ih, cell.weight_hh]
    own, theirs = [cell.norm_weight], [norm.weight]
    if bias:
        own, theirs = [*own, cell.norm_bias], [*theirs, norm.bias]
    actual = torch.autograd.grad(y.square().sum(), [*shared, *own])
    close(actual, torch.autograd.grad(expected.square().sum(), [*shared, *theirs]))


def test_the_averages_are_torchs_after_several_batches_and_serve_in_evaluation():
    cell, norm = pair()
    for _ in range(5):
        x = 2 + 3 * torch.randn(B, T, I, dtype=torch.float64)
        state = cell.initial_state(B)
        cell(x, state, LENGTHS)
        behind(norm, cell, x, LENGTHS, state)
    close((cell.norm_mean, cell.norm_var), (norm.running_mean, norm.running_var))
    cell.eval()
    norm.eval()
    close(cell(x, state, LENGTHS), behind(norm, cell, x, LENGTHS, state))


def test_in_evaluation_batch_norm_is_folded_into_the_input_weights():
    cell, _ = pair()
    for _ in range(3):
        cell(torch.randn(B, T, I, dtype=torch.float64))
    cell.eval()
    plain = LiGRU(I, H, batch_norm=False, recurrent_bias=False, dtype=torch.float64)
    scale = cell.norm_weight / torch.sqrt(cell.norm_var + 1e-5)
    with torch.no_grad():
        plain.weight_ih.copy_(cell.weight_ih * scale.unsqueeze(1))
        plain.bias_ih.copy_(cell.norm_bias - cell.norm_mean * scale)
        plain.weight_hh.copy_(cell.weight_hh)
    x = torch.randn(B, T, I, dtype=torch.float64)
    close(plain(x), cell(x))


def test_a_step_in_training_uses_the_averages_and_leaves_them():
    cell, _ = pair()
    x = torch.randn(B, T, I, dtype=torch.float64)
    cell(x)
    before = cell.norm_mean.clone()
    y, _ = cell.step(x[:, 0], cell.initial_state(B))
    assert torch.equal(cell.norm_mean, before)
    close(y, cell.eval().step(x[:, 0], cell.initial_state(B))[0])


def test_a_single_row_of_one_step_leaves_the_averages_finite():
    cell, _ = pair()
    y, _ = cell(torch.randn(1, 1, I, dtype=torch.float64))
    assert y.isfinite().all()
    assert cell.norm_var.isfinite().all()


def test_recurrent_weights_begin_orthogonal():
    for block in LiGRU(I, H, dtype=torch.float64).weight_hh.split(H):
        close(block @ block.T, torch.eye(H, dtype=torch.float64))


def test_without_batch_norm_there_are_no_averages():
    assert set(LiGRU(I, H, batch_norm=False).state_dict()) == {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}
