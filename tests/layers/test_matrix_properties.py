"""What the papers say of the cells whose state is a matrix: closed forms, what a key finds again, what cancels."""

import math

import pytest
import torch
from test_matrix_cells import cell, sequence
from tolerances import close
from torch.nn.functional import elu, layer_norm, normalize, silu

from rnnzoo.ops.matrix import matrix_scan


def test_linear_attention_is_attention_with_feature_maps_for_a_softmax():
    made = cell("linear_attention", 3, 4, num_heads=2, key_size=3)
    x = sequence(2, 12, 3)
    q, k, v = (part.unflatten(-1, (2, -1)) for part in made.project(x))
    weights = torch.einsum("btnk,bsnk->bnts", elu(q) + 1, elu(k) + 1).tril()
    weights = weights / (weights.sum(-1, keepdim=True) + 1e-6)
    read = torch.einsum("bnts,bsnv->btnv", weights, v).flatten(-2)
    close(made(x)[0], read @ made.out_weight.T + made.out_bias)


def test_retention_in_parallel_is_its_recurrence():
    made = cell("retnet", 3, 4, num_heads=2, key_size=4)
    x = sequence(2, 11, 3)
    q, k, v, g = (part.unflatten(-1, (2, -1)) for part in made.project(x))
    places, theta = torch.arange(11.0, dtype=torch.float64), torch.tensor([1.0, 1e-4], dtype=torch.float64)
    turn = torch.polar(torch.ones(11, 2, dtype=torch.float64), places[:, None] * theta)[:, None]  # (T, 1, K / 2)
    q, k = (torch.view_as_complex(part.unflatten(-1, (2, 2))) * turn for part in (q, k))
    scores = torch.einsum("btnk,bsnk->bnts", q, k.conj()).real / math.sqrt(4)
    gamma = 1 - 2.0 ** (-5 - torch.arange(2, dtype=torch.float64))
    fading = (gamma[:, None, None] ** (places[:, None] - places).clamp(min=0)).tril()
    read = torch.einsum("bnts,bsnv->btnv", scores * fading, v)
    read = layer_norm(read, (4,), eps=1e-5) * silu(g)
    close(made(x)[0], read.flatten(-2) @ made.out_weight.T)


def test_the_delta_rule_finds_the_last_value_of_every_key_and_the_sum_rule_their_sum():
    keys = torch.eye(4, dtype=torch.float64)[[0, 1, 0, 2, 1, 0]][None, :, None]  # (1, 6, 1, 4)
    values, S0 = sequence(1, 6, 1, 3), torch.zeros(1, 1, 3, 4, dtype=torch.float64)
    _, S = matrix_scan(keys, keys, values, S0, a=-keys, b=keys)
    _, summed = matrix_scan(keys, keys, values, S0)
    close(S[0, 0].T[:3], values[0, [5, 4, 3], 0])
    close(summed[0, 0, :, 0], values[0, [0, 2, 5], 0].sum(0))


@pytest.mark.parametrize("negative", [False, True])
def test_only_with_negative_eigenvalues_does_a_key_turn_the_sign_of_what_it_stores(negative):
    made = cell("deltanet", 3, 4, negative_eigenvalues=negative)
    with torch.no_grad():
        made.weight_ih[-1] = torch.tensor([50.0, 0, 0])  # beta at its upper end where x_0 is 1
    x = torch.tensor([[[1.0, 0.3, -0.2]]], dtype=torch.float64)
    qkv, b = made.hoist(x)
    tail = torch.zeros(1, made.window - 1, qkv.shape[-1], dtype=torch.float64)
    beta, _, k, v = made.gates(torch.cat((tail, qkv), 1), b)
    beta, k, v = beta.detach(), k.detach(), v.detach()
    S0 = 7 * k[:, 0].unsqueeze(-2) * torch.ones(1, 1, 4, 1, dtype=torch.float64)  # under this key alone
    with torch.no_grad():
        (S, _) = made(x, (S0, tail))[1]
    found = (S @ k[:, 0].unsqueeze(-1))[0, 0, :, 0] - beta[0, 0, 0] * v[0, 0, 0] * (k**2).sum()
    assert float(beta) == pytest.approx(2 if negative else 1)
    assert torch.allclose(
        found, torch.full_like(found, -7.0 if negative else 0.0), atol=1e-2
    )  # a short key's length is a bit below 1


def test_one_householder_step_is_the_gated_delta_rule():
    product, rule = cell("delta_product", num_householder=1), cell("gated_deltanet", negative_eigenvalues=True)
    weights = product.state_dict()
    q, k, v, b, g, a = product.weight_ih.split(product.widths())
    rule.load_state_dict({**weights, "weight_ih": torch.cat((q, k, v, a, b, g))})
    x = sequence(2, 9, 3)
    close(product(x), rule(x))


def test_two_householder_steps_are_a_rotation_where_both_reflect():
    made = cell("delta_product", 3, 4, key_size=2, forget_gate=False, conv_size=1)
    k = normalize(sequence(2, 2), dim=-1)
    reflected = [torch.eye(2, dtype=torch.float64) - 2 * torch.outer(key, key) for key in k]
    assert float(torch.linalg.det(reflected[0] @ reflected[1])) == pytest.approx(1)
    beta = torch.full((1, 1, 2), 2.0, dtype=torch.float64)
    values = (beta, sequence(1, 1, 8), sequence(1, 1, 1, 2), k.view(1, 1, 2, 1, 2), torch.zeros(1, 1, 2, 1, 8).double())
    S0 = sequence(1, 1, 8, 2)
    _, (S,) = made.recall(values, (S0,), None, None)
    close(S[0, 0], S0[0, 0] @ reflected[0] @ reflected[1])


@pytest.mark.parametrize("name", ["mlstm"])
def test_the_stabiliser_cancels(name):
    made, x = cell(name, 3, 4, num_heads=2), sequence(2, 15, 3)
    C, n, m = made(sequence(2, 4, 3))[1]
    by = sequence(2, 2)
    moved = (C * torch.exp(-by)[..., None, None], n * torch.exp(-by)[..., None], m + by)
    close(made(x, moved)[0], made(x, (C, n, m))[0])


def test_the_matrix_lstm_does_not_overflow_where_its_gates_would():
    made, x = cell("mlstm", 3, 4).float(), torch.randn(2, 15, 3)
    with torch.no_grad():
        made.bias_ih[-2] = 500.0  # exp(500) is infinite in float32
    y, state = made(x)
    assert all(bool(part.isfinite().all()) for part in (y, *state))
    assert y.abs().max() > 1e-3


def test_what_hgrn2_forgets_it_stores():
    made, x = cell("hgrn2", 3, 4, num_heads=2), sequence(2, 9, 3)
    given = made.memory(*made.gates(x))
    close(given["k"] + given["log_decay"].exp(), torch.ones_like(given["k"]))


@pytest.mark.parametrize("name", ["rwkv5", "rwkv6"])
def test_a_bonus_weighs_the_steps_own_pair_and_no_other(name):
    made, x = cell(name, 3, 4, num_heads=2), sequence(2, 6, 3)
    _, state = made(x)
    with torch.no_grad():
        made.time_first.add_(1.0)
    close(made(x)[1], state)


def test_mamba2_with_one_channel_a_head_is_a_selective_state_space():
    made, x = cell("mamba2", 3, 4, num_heads=8, key_size=5), sequence(2, 9, 3)
    uBC, z, r = made.hoist(x)
    tail = torch.zeros(2, made.window - 1, uBC.shape[-1], dtype=torch.float64)
    dt, _, u, B, _ = made.gates(torch.cat((tail, uBC), 1), z, r)
    h = torch.zeros(2, 8, 5, dtype=torch.float64)
    for t in range(9):
        a = torch.exp(-torch.exp(made.A_log) * dt[:, t])  # (B, 8)
        h = a.unsqueeze(-1) * h + (dt[:, t] * u[:, t, :, 0]).unsqueeze(-1) * B[:, t].unsqueeze(1)
    close(made(x)[1][0].squeeze(2), h)
