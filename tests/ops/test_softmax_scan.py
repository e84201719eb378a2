import sys

import pytest
import torch
from tolerances import close
from torch.autograd import gradcheck, gradgradcheck

from rnnzoo.ops import BackendError
from rnnzoo.ops.scan import BACKENDS, blocked
from rnnzoo.ops.softmax_scan import lowest, softmax_scan

TIMES = (1, 2, 17, 64, 65, 127, 300)
DECAYS = ("none", "a channel's own", "everywhere")


def example(B, T, *shape, V=2, decay="none", scale=1.0, dtype=torch.float64):
    s = (scale * torch.randn(B, T, *shape, dtype=dtype)).requires_grad_()
    v = torch.randn(B, T, *shape, V, dtype=dtype).requires_grad_()
    m = torch.randn(B, *shape, dtype=dtype).requires_grad_()
    u = (torch.rand(B, *shape, dtype=dtype) + 0.5).requires_grad_()
    w = torch.randn(B, *shape, V, dtype=dtype).requires_grad_()
    sizes = {"a channel's own": (1, 1, *shape), "everywhere": (B, T, *shape)}.get(decay)
    return s, v, m, u, w, None if sizes is None else (-2 * torch.rand(sizes, dtype=dtype)).requires_grad_()


def run(s, v, m, u, w, decay=None, **options):
    return softmax_scan(s, v, (m, u, w), decay=decay, **options)


def empty(B, *shape, V, dtype=torch.float64):
    m = torch.full((B, *shape), lowest(dtype), dtype=dtype)
    return m, torch.zeros_like(m), torch.zeros(B, *shape, V, dtype=dtype)


def with_gradients(states, final, inputs):
    generator = torch.Generator().manual_seed(3)
    parts = (*states, *final)
    score = sum((part * torch.randn(part.shape, generator=generator, dtype=part.dtype)).sum() for part in parts)
    return (*parts, *torch.autograd.grad(score, inputs))


def given(inputs):
    return [value for value in inputs if value is not None]


@pytest.mark.parametrize("T", TIMES)
@pytest.mark.parametrize("decay", DECAYS)
def test_every_backend_equals_the_loop_in_value_and_gradient(decay, T):
    inputs = example(2, T, 3, decay=decay, scale=5.0)
    results = [with_gradients(*run(*inputs, backend=backend), given(inputs)) for backend in BACKENDS]
    for references, *others in zip(*results, strict=True):
        scale = references.abs().max().clamp(min=1)
        for other in others:
            close(other / scale, references / scale)


@pytest.mark.parametrize("decay", DECAYS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_mean_is_exact_in_single_precision(backend, decay):
    s, v, m, u, w, d = (None if x is None else x.detach().float() for x in example(2, 300, 3, decay=decay))
    exact = given(x if x is None else x.double() for x in (s, v, m, u, w, d))
    (_, u, w), _ = run(*given((s, v, m, u, w, d)), backend=backend)
    (_, u_exact, w_exact), _ = run(*exact, backend="reference")
    close(w / u.unsqueeze(-1), (w_exact / u_exact.unsqueeze(-1)).float())


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("T", [1, 30, 100])
def test_the_quotient_is_the_softmax_mean_of_all_values_so_far(backend, T):
    s, v, *_ = example(2, T, 3)
    (_, u, w), _ = softmax_scan(s, v, empty(2, 3, V=2), backend=backend)
    for t in range(T):
        weights = s[:, : t + 1].softmax(1)  # (B, t, 3)
        close(w[:, t] / u[:, t].unsqueeze(-1), (weights.unsqueeze(-1) * v[:, : t + 1]).sum(1))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("offset", [-1e4, 0.0, 1e4])
def test_scores_far_from_zero_neither_overflow_nor_vanish(backend, offset):
    s, v, *_ = example(2, 100, 3)
    start = empty(2, 3, V=2, dtype=torch.float32)
    (m, u, w), _ = softmax_scan((s + offset).float(), v.float(), start, backend=backend)
    (gradient,) = torch.autograd.grad((w / u.unsqueeze(-1)).sum(), v)
    assert all(value.isfinite().all() for value in (m, u, w, gradient))
    (_, u_near, w_near), _ = softmax_scan(s.float(), v.float(), start, backend=backend)
    torch.testing.assert_close(w / u.unsqueeze(-1), w_near / u_near.unsqueeze(-1), atol=2e-3, rtol=0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_only_the_sums_matter_and_not_how_they_are_split(backend):
    s, v, m, u, w, decay = example(2, 70, 3, decay="everywhere")
    (m_1, u_1, w_1), _ = run(s, v, m, u, w, decay, backend=backend)
    (m_2, u_2, w_2), _ = run(s, v, m + 3, u * torch.e**-3, w * torch.e**-3, decay, backend=backend)
    close(m_1.exp() * u_1, m_2.exp() * u_2)
    close(w_1 / u_1.unsqueeze(-1), w_2 / u_2.unsqueeze(-1))


@pytest.mark.parametrize("backend", BACKENDS)
def test_equal_scores_give_the_quotient_its_exact_gradient(backend):
    s = torch.zeros(1, 80, 2, dtype=torch.float64, requires_grad=True)  # every step ties with the largest so far
    v = torch.randn(1, 80, 2, 2, dtype=torch.float64)
    (_, u, w), _ = softmax_scan(s, v, empty(1, 2, V=2), backend=backend)
    (gradient,) = torch.autograd.grad((w[:, -1] / u[:, -1].unsqueeze(-1)).sin().sum(), s)
    mean = (s.softmax(1).unsqueeze(-1) * v).sum(1)
    close(gradient, torch.autograd.grad(mean.sin().sum(), s)[0])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("cut", [1, 66])
def test_whole_equals_chunked(backend, cut):
    s, v, *start, decay = example(2, 100, 3, decay="a channel's own")
    states, final = softmax_scan(s, v, start, decay=decay, backend=backend)
    first, middle = softmax_scan(s[:, :cut], v[:, :cut], start, decay=decay, backend=backend)
    second, end = softmax_scan(s[:, cut:], v[:, cut:], middle, decay=decay, backend=backend)
    close(tuple(torch.cat(parts, 1) for parts in zip(first, second, strict=True)), states)
    close(end, final)


@pytest.mark.parametrize("decay", DECAYS)
@pytest.mark.parametrize("T", [2, 90])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_ragged_row_equals_itself_alone_whatever_stands_in_the_padding(backend, T, decay):
    s, v, m, u, w, d = inputs = example(3, T, 2, decay=decay)
    lengths = torch.tensor([T, 1, (T + 1) // 2])
    with torch.no_grad():
        for row, n in enumerate(lengths.tolist()):
            for value in (s, v, d) if decay == "everywhere" else (s, v):
                value[row, n:] = torch.nan
    states, final = run(*inputs, lengths=lengths, backend=backend)
    score = sum(part.sin().sum() for part in (*states, *final))
    alone = []
    for row, n in enumerate(lengths.tolist()):
        one = slice(row, row + 1)
        own = d[one, :n] if decay == "everywhere" else d
        states_row, final_row = run(s[one, :n], v[one, :n], m[one], u[one], w[one], own, backend=backend)
        close(tuple(part[row, :n] for part in states), tuple(part[0] for part in states_row))
        close(tuple(part[row] for part in final), tuple(part[0] for part in final_row))
        assert not any(part[row, n:].any() for part in states), "states beyond the length are not zero"
        alone.append(sum(part.sin().sum() for part in (*states_row, *final_row)))
    close(torch.autograd.grad(score, given(inputs)), torch.autograd.grad(sum(alone), given(inputs)))


@pytest.mark.parametrize("decay", DECAYS)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("T", [1, 4])
def test_first_and_second_derivatives_equal_finite_differences(backend, T, decay):
    inputs = given(example(2, T, 2, decay=decay))
    for lengths in (None, torch.tensor([T, 1])):

        def function(*i, lengths=lengths):
            states, final = run(*i, lengths=lengths, backend=backend)
            return (*states, *final)

        assert gradcheck(function, inputs, fast_mode=True)
        assert gradgradcheck(function, inputs, fast_mode=True)


def test_half_precision_is_carried_in_float32():
    inputs = tuple(value.detach().bfloat16() for value in given(example(2, 100, 3)))
    (m, u, w), final = run(*inputs)
    (_, u_exact, w_exact), _ = run(*(value.double() for value in inputs), backend="reference")
    assert {part.dtype for part in (m, u, w, *final)} == {torch.bfloat16}
    torch.testing.assert_close(u.double(), u_exact, rtol=2**-8, atol=1e-5)
    torch.testing.assert_close(w.double(), w_exact, rtol=2**-8, atol=1e-4)


def test_traced_graph_equals_eager_in_value_and_gradient(monkeypatch):
    monkeypatch.setattr(sys.modules[blocked.__module__], "LOOP", 4)  # blocks in a small graph
    inputs = example(2, 20, 3, decay="a channel's own")
    lengths = torch.tensor([20, 7])
    traced = torch.compile(run, backend="aot_eager", fullgraph=True)
    close(
        with_gradients(*traced(*inputs, lengths=lengths), given(inputs)),
        with_gradients(*run(*inputs, lengths=lengths), given(inputs)),
    )


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda s, v, m, u, w: (s, v[..., 0], m, u, w), ValueError, r"v has shape \(2, 4, 3\); expected s's shape and"),
        (lambda s, v, m, u, w: (s[:, :0], v[:, :0], m, u, w), ValueError, r"s has shape \(2, 0, 3\).*one time step"),
        (lambda s, v, m, u, w: (s, v, m, u, w[..., :1]), ValueError, r"w has shape \(2, 3, 1\); expected \(2, 3, 2\)"),
        (lambda s, v, m, u, w: (s, v, m[:1], u, w), ValueError, r"m has shape \(1, 3\); expected \(2, 3\)"),
        (lambda s, v, m, u, w: (s, v, m, u, w, s[:, :2]), ValueError, r"decay has shape \(2, 2, 3\); expected s's"),
        (lambda s, v, m, u, w: (s, v.float(), m, u, w), TypeError, "v torch.float32"),
    ],
)
def test_bad_input_is_named(change, error, message):
    with pytest.raises(error, match=message):
        run(*change(*given(example(2, 4, 3))))


def test_a_backend_that_cannot_run_is_refused():
    with pytest.raises(BackendError, match="softmax_scan cannot run with backend='native'"):
        run(*example(2, 4, 3), backend="native")
