"""RWKV-4 and Aaren: every option against the oracle, and the sums over all steps so far that they stand for."""

import math

import pytest
import torch
from oracles import aaren, rwkv4
from tolerances import close

from rnnzoo.layers.aaren import Aaren
from rnnzoo.layers.rwkv4 import RWKV4
from rnnzoo.tasks._optimization import create_optimizer


def cell(kind, I=3, H=4, *, scale=1.0, dtype=torch.float64, **options):
    made = kind(I, H, dtype=torch.float64, **options)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=scale)
    return made.to(dtype)


def sequence(*shape):
    return torch.randn(*shape, dtype=torch.float64)


@pytest.mark.parametrize(
    ("kind", "oracle", "I", "options"),
    [
        (RWKV4, rwkv4.oracle, 3, {}),
        (RWKV4, rwkv4.oracle, 4, {}),
        (Aaren, aaren.oracle, 3, {}),
        (Aaren, aaren.oracle, 4, {"heads": 4, "bias": False}),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_every_option_equals_the_oracle(kind, oracle, I, options):
    made = cell(kind, I, **options)
    x = sequence(2, 8, I)
    start = tuple(part.detach() for part in made(sequence(2, 3, I))[1])
    y, final = made(x, start)
    parameters = {name: parameter.detach().numpy() for name, parameter in made.named_parameters()}
    expected, ends = oracle(x.numpy(), tuple(part.numpy() for part in start), parameters, **options)
    close(y.detach(), torch.as_tensor(expected))
    close(tuple(part.detach() for part in final), tuple(torch.as_tensor(end) for end in ends))


@pytest.mark.parametrize("heads", [1, 2])
def test_aaren_is_softmax_attention_of_the_learned_query_over_every_prefix(heads):
    made = cell(Aaren, 3, 4, heads=heads)
    x = sequence(2, 70, 3)
    k, v = (x @ made.weight_ih.T).chunk(2, -1)
    k, v = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (k, v + made.bias_ih))  # (B, heads, T, d)
    q = made.query.unflatten(0, (heads, 1, -1)).expand(2, heads, 70, -1)
    attended = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, scale=1.0)
    close(made(x)[0], attended.transpose(1, 2).flatten(-2))


def test_aarens_output_is_the_mean_of_all_values_where_the_query_is_zero():
    made = cell(Aaren)
    with torch.no_grad():
        made.query.zero_()
    x = sequence(2, 20, 3)
    v = x @ made.weight_ih[4:].T + made.bias_ih
    close(made(x)[0], v.cumsum(1) / torch.arange(1, 21).reshape(1, 20, 1))


def test_aarens_output_is_among_its_values():
    made = cell(Aaren, scale=5.0)
    x = sequence(4, 50, 3)
    v = x @ made.weight_ih[4:].T + made.bias_ih
    y, _ = made(x)
    assert (y <= v.cummax(1).values + 1e-9).all()
    assert (y >= v.cummin(1).values - 1e-9).all()


def test_rwkv4_is_the_sum_of_the_papers_equation():
    made = cell(RWKV4, 3, 4, scale=0.5)
    x = sequence(2, 70, 3)
    before = torch.cat((torch.zeros_like(x[:, :1]), x[:, :-1]), 1)
    mixed = [mu * x + (1 - mu) * before for mu in made.time_mix]
    k, v, r = (given @ W.T for given, W in zip(mixed, made.weight_ih.chunk(3), strict=True))
    age = torch.arange(70).unsqueeze(1) - torch.arange(70) - 1  # (T, T): t - 1 - i
    exponents = k.unsqueeze(1) - age.reshape(1, 70, 70, 1) * made.time_decay.exp()  # (B, T, T, H)
    own = (k + made.time_first).unsqueeze(1).expand(-1, 70, -1, -1)
    exponents = torch.where((age == -1).reshape(70, 70, 1), own, exponents)
    exponents = exponents.masked_fill((age < -1).reshape(70, 70, 1), -torch.inf)
    wkv = torch.einsum("btih,bih->bth", exponents.softmax(2), v)
    close(made(x)[0], (torch.sigmoid(r) * wkv) @ made.out_weight.T)


@pytest.mark.parametrize("kind", [RWKV4, Aaren])
@pytest.mark.parametrize("offset", [-300.0, 300.0])
def test_keys_far_from_zero_neither_overflow_nor_vanish(kind, offset):
    made = cell(kind, 3, 4, dtype=torch.float32)
    x = torch.cat((torch.ones(2, 60, 1), torch.randn(2, 60, 2)), -1)
    with torch.no_grad():
        if kind is RWKV4:
            made.time_mix[0] = 1.0
            made.weight_ih[:4, 0] = 0.0
        else:
            made.weight_ih[:4, 0] = made.query * 0.0
    near, _ = made(x)
    with torch.no_grad():
        made.weight_ih[:4, 0] = offset if kind is RWKV4 else offset * made.query / made.query.square().sum()
    y, state = made(x)
    gradients = torch.autograd.grad(y.sum(), list(made.parameters()))
    assert all(part.isfinite().all() for part in (y, *state, *gradients))
    torch.testing.assert_close(y, near, atol=2e-3, rtol=2e-3)


def test_a_state_of_zeros_is_the_empty_sum_too():
    for kind in (RWKV4, Aaren):
        made = cell(kind)
        x = sequence(2, 9, 3)
        zeros = tuple(torch.zeros_like(member) for member in made.initial_state(2))
        close(made(x, zeros)[0], made(x)[0])


def test_rwkv4_begins_as_the_authors_first_layer():
    made = RWKV4(6, 5, dtype=torch.float64)
    channel = torch.arange(5, dtype=torch.float64)
    close(made.time_decay.detach(), -5 + 8 * (channel / 4) ** 0.7)
    zigzag = torch.tensor([0.0, 0.5, -0.5, 0.0, 0.5], dtype=torch.float64)
    close(made.time_first.detach(), math.log(0.3) + zigzag)
    ramp = torch.arange(6, dtype=torch.float64) / 6
    close(made.time_mix.detach(), torch.stack((ramp, ramp, ramp**0.5)))
    k, v, r = made.weight_ih.detach().chunk(3)
    assert not k.any()
    assert not r.any()
    close((v @ v.T).float(), torch.eye(5))


def test_a_stack_of_rwkv4_as_it_begins_learns():
    one, two = RWKV4(3, 4), RWKV4(4, 4)
    y = two(one(torch.randn(2, 6, 3))[0])[0]
    gradients = torch.autograd.grad(y.square().sum(), [*one.parameters(), *two.parameters()])
    assert all(gradient.any() for gradient in gradients[1:])  # in `one`, the mix of zero keys moves nothing yet


def test_weight_decay_leaves_rwkv4_alone():
    (group,) = create_optimizer("adamw", RWKV4(3, 4), learning_rate=0.1, weight_decay=0.3).param_groups
    assert group["weight_decay"] == 0.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Aaren(3, 4, heads=3), "heads is 3 and hidden_size is 4; expected a divisor"),
        (lambda: Aaren(3, 4, heads=0), "heads is 0"),
        (lambda: RWKV4(3, 0), "hidden_size is 0"),
    ],
)
def test_bad_options_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("kind", [RWKV4, Aaren])
def test_half_precision_gives_finite_results_near_those_of_double(kind, dtype):
    made = kind(3, 4, dtype=dtype)
    x = torch.randn(2, 40, 3, dtype=dtype)
    y, state = made(x)
    assert {part.dtype for part in (y, *state)} == {dtype}
    assert all(part.isfinite().all() for part in (*state, *torch.autograd.grad(y.sum(), list(made.parameters()))))
    torch.testing.assert_close(y.double(), made.double()(x.double())[0], atol=0.05, rtol=0.05)
