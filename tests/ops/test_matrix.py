"""The matrix recurrence: equal to what it stands for, in chunks as step by step."""

import itertools

import numpy as np
import pytest
import torch
from tolerances import close
from torch.autograd import gradgradcheck

from rnnzoo.ops.backends import BackendError, has_compiler
from rnnzoo.ops.matrix import matrix_scan
from rnnzoo.registry import UnknownName

FORMS = [
    pytest.param(decay, edit, bonus, id="-".join(filter(None, (decay or "kept", "edit" * edit, "bonus" * bonus))))
    for decay, edit, bonus in itertools.product((None, "head", "channel", "constant"), (False, True), (False, True))
]


FAST = ("torch", *(("c",) if has_compiler() else ()))


def arguments(T, decay=None, edit=False, bonus=False, *, B=2, N=2, K=5, V=3, strength=1.0, dtype=torch.float64):
    """Random ones; the edit is along unit vectors, as no state grows then."""
    generator = torch.Generator().manual_seed(T)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=dtype)

    given = {"q": draw(B, T, N, K), "k": draw(B, T, N, K), "v": draw(B, T, N, V), "S0": draw(B, N, V, K)}
    shapes = {"head": (B, T, N, 1), "channel": (B, T, N, K), "constant": (1, 1, N, 1)}
    if decay:
        given["log_decay"] = -strength * torch.rand(shapes[decay], generator=generator, dtype=dtype)
    if edit:
        given["b"] = torch.nn.functional.normalize(draw(B, T, N, K), dim=-1)
        given["a"] = -given["b"] * torch.rand(B, T, N, 1, generator=generator, dtype=dtype)
    if bonus:
        given["bonus"] = draw(N, K)
    return {name: value.requires_grad_() for name, value in given.items()}


def defined(given):
    """The two lines of the definition, one row and head at a time, in NumPy."""
    given = {name: value.detach().numpy() for name, value in given.items()}
    q, k, v, S0 = (given[name] for name in ("q", "k", "v", "S0"))
    (B, T, N, _), V = q.shape, v.shape[-1]
    w = np.exp(np.broadcast_to(given.get("log_decay", np.zeros(1)), q.shape))
    a, b = (given.get(name, np.zeros_like(q)) for name in "ab")
    y, last = np.empty((B, T, N, V)), np.empty_like(S0)
    for row, head in np.ndindex(B, N):
        S, at = S0[row, head], (row, slice(None), head)
        for t in range(T):
            before = S
            S = S @ (np.diag(w[at][t]) + np.outer(a[at][t], b[at][t])) + np.outer(v[at][t], k[at][t])
            if "bonus" in given:
                y[row, t, head] = (before + np.outer(v[at][t], given["bonus"][head] * k[at][t])) @ q[at][t]
            else:
                y[row, t, head] = S @ q[at][t]
        last[row, head] = S
    return torch.from_numpy(y), torch.from_numpy(last)


@pytest.mark.parametrize("backend", ["reference", *FAST])
@pytest.mark.parametrize(("decay", "edit", "bonus"), FORMS)
def test_the_recurrence_is_its_definition(decay, edit, bonus, backend):
    given = arguments(19, decay, edit, bonus)
    for found, expected in zip(matrix_scan(**given, chunk_size=8, backend=backend), defined(given), strict=True):
        close(found.detach(), expected)


@pytest.mark.parametrize("T", [1, 9, 33, 130])
@pytest.mark.parametrize(("decay", "edit", "bonus"), FORMS)
def test_all_backends_agree_in_value_and_gradient(decay, edit, bonus, T):
    found = []
    for backend in ("reference", *FAST):
        given = arguments(T, decay, edit, bonus)
        lengths = torch.tensor([T, (T + 1) // 2])
        y, S = matrix_scan(**given, lengths=lengths, chunk_size=32, backend=backend)
        assert not y[1, (T + 1) // 2 :].any()
        weights = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)
        gradients = torch.autograd.grad((y * weights).sum() + (S**2).sum(), list(given.values()))
        found.append((y.detach(), S.detach(), *gradients))
    for name, reference, *others in zip(("y", "S", *given), *found, strict=True):
        scale = 1 + reference.abs().max()
        for other in others:
            close(other / scale, reference / scale, what=name)


@pytest.mark.parametrize("backend", FAST)
@pytest.mark.parametrize(("decay", "edit", "bonus"), FORMS)
def test_two_parts_with_the_state_between_are_the_whole(decay, edit, bonus, backend):
    given = arguments(21, decay, edit, bonus)
    whole, S = matrix_scan(**given, chunk_size=8, backend=backend)

    def part(steps, S0):
        cut = {n: x[:, steps] if n not in ("S0", "bonus") and x.shape[1] == 21 else x for n, x in given.items()}
        return matrix_scan(**{**cut, "S0": S0}, chunk_size=8, backend=backend)

    first, between = part(slice(0, 10), given["S0"])
    second, last = part(slice(10, 21), between)
    close(torch.cat((first, second), 1).detach(), whole.detach())
    close(last.detach(), S.detach())


def test_without_an_edit_it_is_linear_attention_with_faded_weights():
    given = arguments(40, "channel", strength=3.0)
    S0 = torch.zeros_like(given["S0"])
    y, _ = matrix_scan(**{**given, "S0": S0})
    faded = given["log_decay"].cumsum(1)
    quotients = (faded[:, :, None] - faded[:, None]).clamp(max=0).exp()  # (B, t, s, N, K)
    weights = torch.einsum("btnk,btsnk,bsnk->bnts", given["q"], quotients, given["k"]).tril()
    close(y.detach(), torch.einsum("bnts,bsnv->btnv", weights, given["v"]).detach())


def test_the_delta_rule_stores_a_new_value_in_place_of_the_old():
    """With unit keys and beta = 1 a state gives back the value that was stored last under a key."""
    keys = torch.eye(4, dtype=torch.float64)[[0, 1, 0, 2, 1, 3, 3, 0] * 5]  # (T, K)
    v = torch.randn(1, 40, 1, 3, dtype=torch.float64)
    k = keys[None, :, None]
    _, S = matrix_scan(k, k, v, torch.zeros(1, 1, 3, 4, dtype=torch.float64), a=-k, b=k, chunk_size=16)
    for key in range(4):
        last = int((keys[:, key] == 1).nonzero().max())
        close(S[0, 0] @ keys[last], v[0, last, 0])


@pytest.mark.parametrize("backend", FAST)
@pytest.mark.parametrize("decay", ["head", "channel"])
@pytest.mark.parametrize("strength", [1e-3, 30.0, 1e4])
def test_decays_of_any_strength_stay_finite_and_right_in_float32(decay, strength, backend):
    given = arguments(200, decay, True, K=6, strength=strength, dtype=torch.float32)
    with torch.no_grad():
        given["log_decay"][:, ::7] = -torch.inf  # forgets all
        given["log_decay"][:, 3::11] = 0.0  # forgets nothing
    y, S = matrix_scan(**given, backend=backend)
    (y.sum() + S.sum()).backward()
    assert all(value.grad.isfinite().all() for value in given.values())
    exact, _ = defined({name: value.double() for name, value in given.items()})
    scale = exact.abs().max()
    close((y.detach() / scale).double(), exact / scale, dtype=torch.float32)


@pytest.mark.parametrize("backend", ["reference", *FAST])
def test_it_is_doubly_differentiable(backend):
    given = arguments(5, "channel", True, B=1, N=1, K=2, V=1)

    def outputs(*values):
        return matrix_scan(**dict(zip(given, values, strict=True)), chunk_size=8, backend=backend)

    assert gradgradcheck(outputs, tuple(given.values()))


def test_half_precision_is_carried_in_float32():
    given = arguments(300, "head", dtype=torch.bfloat16)
    y, S = matrix_scan(**given)
    exact, last = matrix_scan(**{name: value.double() for name, value in given.items()})
    assert y.dtype == S.dtype == torch.bfloat16
    for found, expected in ((y, exact), (S, last)):
        scale = expected.detach().abs().max()
        close(found.detach().double() / scale, expected.detach() / scale, dtype=torch.bfloat16)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"a": None}, ValueError, "b is given alone"),
        ({"chunk_size": 24}, ValueError, "chunk_size is 24; expected a power of two"),
        ({"v": torch.zeros(2, 8, 3, 3)}, ValueError, r"v has shape \(2, 8, 3, 3\); expected \(2, 9, 2, 3\)"),
        ({"q": torch.zeros(2, 9, 5)}, ValueError, "batch, time, heads, K"),
        ({"log_decay": torch.zeros(2, 9, 2, 3)}, ValueError, r"expected \(2 or 1, 9 or 1, 2, 5 or 1\)"),
        ({"S0": torch.zeros(2, 2, 3, 5)}, TypeError, "S0 has dtype torch.float32 and q torch.float64"),
        ({"lengths": torch.tensor([9, 0])}, ValueError, "at least 1, got 0 in row 1"),
        ({"backend": "native"}, BackendError, "cannot run with backend='native'"),
        ({"backend": "chunks"}, UnknownName, "chunks"),
    ],
)
def test_what_does_not_fit_is_refused(change, error, message):
    given = {name: value.detach() for name, value in arguments(9, "channel", True).items()}
    change = {
        n: x.double() if isinstance(x, torch.Tensor) and x.dim() == 4 and n != "S0" else x for n, x in change.items()
    }
    with pytest.raises(error, match=message):
        matrix_scan(**{**given, **change})


def kept_for_the_backward_pass(T, edit, backend):
    """Bytes of the tensors that a training step keeps, and the most of one of them."""
    given, kept = arguments(T, "channel", edit, B=1, N=1, K=32, V=32), {}

    def pack(x):
        kept[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
        return x

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        y, _ = matrix_scan(**given, chunk_size=16, backend=backend)
    assert y.requires_grad
    return sum(kept.values()), max(kept.values())


@pytest.mark.parametrize("backend", FAST)
@pytest.mark.parametrize("edit", [False, True])
def test_memory_grows_with_time_and_a_state_is_kept_at_the_borders_of_chunks_alone(edit, backend):
    (small, _), (large, most) = (kept_for_the_backward_pass(T, edit, backend) for T in (256, 512))
    assert large / small < 2.1
    assert most < 512 * 32 * 32 * 8 / 2  # a state of each step would be twice as much
