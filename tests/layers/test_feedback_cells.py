"""What recurs: IRNN's state for ever, Jordan's output, SCRN's trace of the input, the tree of NAS."""

import pytest
import torch
from classics import B, H, I, randoms, wild, zeros
from tolerances import close

from rnnzoo.laws import small_cell
from rnnzoo.layers.irnn import IRNN
from rnnzoo.layers.jordan import Jordan
from rnnzoo.layers.nas import NAS
from rnnzoo.layers.scrn import SCRN
from rnnzoo.layers.srn import SRN
from rnnzoo.registry import LAYERS


def test_irnn_keeps_a_state_for_ever_without_input_and_its_gradient():
    cell, h = IRNN(I, H).double(), randoms(B, H).abs().requires_grad_()
    y, (final,) = cell(zeros(300), (h,))
    assert torch.equal(final, h)
    assert torch.equal(y, h.unsqueeze(1).expand_as(y))
    (grad,) = torch.autograd.grad(final.sum(), h)
    assert torch.equal(grad, torch.ones_like(h))


def test_irnn_with_a_small_identity_forgets_at_its_rate():
    h = randoms(B, H).abs()
    close(IRNN(I, H, alpha=0.5).double()(zeros(7), (h,))[1][0].detach(), h * 0.5**7)


def test_irnn_starts_with_small_input_weights_and_no_biases():
    cell = IRNN(100, 200)
    assert float(cell.weight_ih.detach().std()) == pytest.approx(0.001, rel=0.05)
    assert not cell.bias_ih.any()
    assert not cell.bias_hh.any()


def test_jordan_whose_output_reads_its_hidden_layer_as_it_is_is_the_simple_recurrent_network():
    cell = Jordan(I, H, output_nonlinearity="identity", recurrent_bias=False, dtype=torch.float64)
    srn = SRN(I, H, recurrent_bias=False, dtype=torch.float64)
    with torch.no_grad():
        cell.weight_hh[H:] = torch.eye(H)
        for name in ("weight_ih", "bias_ih"):
            getattr(srn, name).copy_(getattr(cell, name))
        srn.weight_hh.copy_(cell.weight_hh[:H])
    x, h = randoms(B, 6, I), randoms(B, H)
    close(cell(x, (h,))[0].detach(), srn(x, (h,))[0].detach())


def test_jordan_hands_on_its_output_and_nothing_else():
    cell = small_cell(LAYERS.entry("jordan"))
    y, (final,) = cell(randoms(B, 6, I))
    assert torch.equal(final, y[:, -1])
    assert final.shape == (B, cell.output_size) != (B, cell.hidden_size)


@pytest.mark.parametrize("adaptive", [False, True])
def test_the_context_of_scrn_is_an_exact_exponential_trace_of_the_input(adaptive):
    cell = SCRN(I, H, context_size=2, alpha=0.9, adaptive=adaptive, dtype=torch.float64)
    alpha = torch.tensor([0.9, 0.9], dtype=torch.float64)
    if adaptive:
        alpha = torch.tensor([0.6, 0.3], dtype=torch.float64)
        with torch.no_grad():
            cell.decay.copy_(torch.logit(alpha))
    x, h, s = randoms(B, 20, I), randoms(B, H), randoms(B, 2)
    seen = x @ cell.weight_ih[:2].T + cell.bias_ih[:2]  # (B, T, S)
    ages = torch.arange(19, -1, -1, dtype=torch.float64).unsqueeze(1)  # (T, 1)
    expected = alpha**20 * s + ((1 - alpha) * alpha**ages * seen).sum(1)
    close(cell(x, (h, s))[1][1].detach(), expected.detach())


def test_the_context_of_scrn_does_not_depend_on_the_hidden_layer():
    cell, x, s = small_cell(LAYERS.entry("scrn")), randoms(B, 6, I), randoms(B, 2)
    one, two = (cell(x, (randoms(B, 4), s)) for _ in range(2))
    assert torch.equal(one[1][1], two[1][1])
    assert not torch.equal(one[0], two[0])


def test_an_adaptive_context_starts_where_the_fixed_one_is():
    fixed, adaptive = SCRN(I, H, dtype=torch.float64), SCRN(I, H, adaptive=True, dtype=torch.float64)
    adaptive.load_state_dict({**fixed.state_dict(), "decay": adaptive.decay.detach()})
    x = randoms(B, 6, I)
    close(adaptive(x)[0].detach(), fixed(x)[0].detach())


def test_the_states_of_nas_are_bounded_and_its_product_layer_sees_no_input_where_the_state_is_zero():
    cell = wild(NAS(I, H))
    y, (_, c) = cell(randoms(B, 30, I, scale=5.0))
    assert y.abs().max() <= 1
    assert c.abs().max() <= 1
    blind = NAS(I, H, bias=False, dtype=torch.float64)
    x = randoms(B, 1, I)
    before = blind(x)[0]
    with torch.no_grad():
        blind.weight_ih[3 * H : 4 * H] = 9.0
    assert torch.equal(blind(x)[0], before)  # max(0, W_4 x * U_4 h) with h = 0
    h = (randoms(B, H), torch.zeros(B, H, dtype=torch.float64))
    changed = blind(x, h)[0]
    with torch.no_grad():
        blind.weight_ih[3 * H : 4 * H] = -9.0
    assert not torch.equal(blind(x, h)[0], changed)
