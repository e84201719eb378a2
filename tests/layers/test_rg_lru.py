import math

import pytest
import torch
from oracles.rg_lru import oracle
from tolerances import close

from rnnzoo.layers.rg_lru import RGLRU, STEEPEST, bounded_sqrt


def cell(I=4, **options):
    made = RGLRU(I, 4, dtype=torch.float64, **options)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_()
    return made


def example(I=4, T=9):
    return torch.randn(2, T, I, dtype=torch.float64), (torch.randn(2, 4, dtype=torch.float64),)


@pytest.mark.parametrize("I", [4, 3])  # without and with the layer that gives the unit its width
@pytest.mark.parametrize("num_heads", [1, 2, 4])
@pytest.mark.parametrize("bias", [True, False])
def test_it_equals_the_paper(I, num_heads, bias):
    made = cell(I, num_heads=num_heads, bias=bias)
    x, state = example(I, 70)
    weights = {name: parameter.detach().numpy() for name, parameter in made.named_parameters()}
    assert ("weight_ih" in weights, "bias_gates" in weights) == (I != 4, bias)
    expected, last = oracle(x.numpy(), (state[0].numpy(),), weights, num_heads=num_heads)
    close(made(x, state), (torch.from_numpy(expected), (torch.from_numpy(last[0]),)))


def test_heads_do_not_see_one_another():
    made = cell(num_heads=2)
    x, state = example()
    other = torch.cat((x[..., :2], torch.randn_like(x[..., 2:])), -1)
    close(made(other, state)[0][..., :2], made(x, state)[0][..., :2])
    assert (made(other, state)[0][..., 2:] - made(x, state)[0][..., 2:]).abs().max() > 0.1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_as_a_goes_to_one_the_state_is_kept_and_gradients_stay_finite(dtype):
    made = cell().to(dtype)
    x, state = (made.weight_gates.new_tensor(value.tolist()) for value in (example()[0], example()[1][0]))
    with torch.no_grad():
        made.Lambda.copy_(torch.tensor([40.0, 90.0, 200.0, 1e4]))
    y, final = made(x, (state,))
    torch.testing.assert_close(final[0], state, rtol=0, atol=1e-3)
    for gradient in torch.autograd.grad(y.square().sum(), list(made.parameters())):
        assert gradient.isfinite().all()


def test_a_shut_recurrence_gate_keeps_the_state_and_lets_nothing_in():
    made = cell()
    x, state = example()
    with torch.no_grad():
        made.bias_gates[:4] = -1e3
    y, final = made(x, state)
    close((y, final), (state[0].unsqueeze(1).expand_as(y), state))
    assert all(g.isfinite().all() for g in torch.autograd.grad(y.sum(), list(made.parameters())))


def test_the_normaliser_keeps_the_variance_of_white_input():
    made = cell()
    with torch.no_grad():
        made.weight_gates.zero_()
        made.bias_gates.copy_(torch.tensor([0.0] * 4 + [1e3] * 4))  # r a half, i open
        made.Lambda.copy_(torch.tensor([-2.0, 0.0, 2.0, 3.0]))
    y, _ = made(torch.randn(2000, 300, 4, dtype=torch.float64))
    torch.testing.assert_close(y[:, -1].var(0), torch.ones(4, dtype=torch.float64), rtol=0.15, atol=0)


def test_decays_begin_between_the_papers_bounds():
    made = RGLRU(2000, 2000, num_heads=2000)
    decays = torch.sigmoid(made.Lambda.detach()) ** 8
    assert 0.9 - 1e-4 <= decays.min() < 0.902
    assert 0.997 < decays.max() <= 0.999 + 1e-4
    assert math.isclose(float(decays.mean()), 0.9495, abs_tol=3e-3)
    assert not made.bias_gates.any()
    large = RGLRU(64, 64).weight_gates.detach()
    assert math.isclose(float(large.std()), 1 / 8, rel_tol=0.05)


def test_the_bounded_root_is_the_root_and_its_slope_is_bounded():
    x = torch.tensor([0.0, 1e-12, 1e-8, 2e-7, 3e-7, 1e-4, 0.5, 1.0], dtype=torch.float64, requires_grad=True)
    close(bounded_sqrt(x), x.sqrt())
    (slope,) = torch.autograd.grad(bounded_sqrt(x).sum(), x)
    expected = torch.minimum(0.5 / x.detach().sqrt(), torch.tensor(STEEPEST, dtype=torch.float64))
    close(slope, expected)


def test_recurrentgemmas_first_step_has_no_normaliser_and_ours_has_one():
    made = cell()
    x, _ = example()
    r, i, _ = made.gates(x)
    log_a = -8 * r * torch.nn.functional.softplus(-made.Lambda)
    h = (i * x)[:, 0]  # theirs, at position 0 of a document: the state is cleared, the normaliser 1
    ours = made(x)[0]
    close(ours[:, 0], (1 - (2 * log_a[:, 0]).exp()).sqrt() * h)
    assert (ours[:, 0] - h).abs().max() > 0.01
    later, _ = made(x[:, 1:], (h,))
    for t in range(1, x.shape[1]):  # from there on they are the same
        h = log_a[:, t].exp() * h + (1 - (2 * log_a[:, t]).exp()).sqrt() * (i * x)[:, t]
        close(later[:, t - 1], h)


@pytest.mark.parametrize("num_heads", [3, 8])
def test_heads_that_do_not_divide_the_width_are_refused(num_heads):
    with pytest.raises(ValueError, match=f"num_heads is {num_heads}; expected a divisor of hidden_size, 4"):
        RGLRU(4, 4, num_heads=num_heads)
