import sys

import pytest
import torch
from tolerances import close
from torch.autograd import gradcheck, gradgradcheck

from rnnzoo.ops import BackendError
from rnnzoo.ops.scan import BACKENDS, blocked, complex_scan, scan

TIMES = (1, 2, 17, 64, 65, 127, 300)
VARIES = {"everywhere": slice(None), "not over the batch and time": slice(0, 1)}


def example(B, T, *shape, varies="everywhere", dtype=torch.float64):
    """Coefficients in the unit disc, some of them zero."""
    part = VARIES[varies]
    a = torch.polar(torch.rand(B, T, *shape, dtype=dtype), 6.3 * torch.rand(B, T, *shape, dtype=dtype))[part, part]
    a = torch.view_as_real(a).clone()
    a[torch.rand_like(a) < 0.05] = 0
    b = torch.randn(B, T, *shape, 2, dtype=dtype)
    h0 = torch.randn(B, *shape, 2, dtype=dtype)
    return tuple(value.requires_grad_() for value in (a, b, h0))


def loop(a, b, h0):
    """The recurrence by real numbers alone."""
    a, states = a.expand_as(b), []
    re, im = h0.unbind(-1)
    for t in range(b.shape[1]):
        a_re, a_im = a[:, t].unbind(-1)
        re, im = a_re * re - a_im * im + b[:, t, ..., 0], a_re * im + a_im * re + b[:, t, ..., 1]
        states.append(torch.stack((re, im), -1))
    return torch.stack(states, 1), states[-1]


def with_gradients(h, final, inputs):
    generator = torch.Generator().manual_seed(3)
    score = sum((part * torch.randn(part.shape, generator=generator, dtype=part.dtype)).sum() for part in (h, final))
    return (h, final, *torch.autograd.grad(score, inputs))


@pytest.mark.parametrize("T", TIMES)
@pytest.mark.parametrize("varies", VARIES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("backend", BACKENDS)
def test_pairs_multiply_as_complex_numbers_in_value_and_gradient(backend, dtype, varies, T):
    inputs = example(2, T, 3, varies=varies, dtype=dtype)
    close(with_gradients(*complex_scan(*inputs, backend=backend), inputs), with_gradients(*loop(*inputs), inputs))


@pytest.mark.parametrize("backend", BACKENDS)
def test_without_imaginary_parts_it_is_the_real_scan(backend):
    a, b, h0 = (value.detach()[..., 0] for value in example(2, 100, 3))
    pairs = (torch.stack((value, torch.zeros_like(value)), -1) for value in (a, b, h0))
    h, final = complex_scan(*pairs, backend=backend)
    expected, expected_final = scan(a, b, h0, backend=backend)
    close((h[..., 0], final[..., 0]), (expected, expected_final))
    assert not h[..., 1].any()


@pytest.mark.parametrize("T", [1, 40, 200])
def test_a_rotation_keeps_the_magnitude(T):
    angle = torch.tensor([0.1, 2.0, -3.0], dtype=torch.float64)
    a = torch.view_as_real(torch.polar(torch.ones_like(angle), angle)).expand(1, 1, 3, 2)
    h0 = torch.randn(1, 3, 2, dtype=torch.float64)
    h, _ = complex_scan(a, torch.zeros(1, T, 3, 2, dtype=torch.float64), h0)
    close(h.norm(dim=-1), h0.norm(dim=-1).unsqueeze(1).expand(1, T, 3))
    turned = torch.view_as_complex(h0) * torch.polar(torch.ones_like(angle), T * angle)
    close(h[:, -1], torch.view_as_real(turned))


@pytest.mark.parametrize("varies", VARIES)
@pytest.mark.parametrize("T", [2, 90])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_ragged_row_equals_itself_alone_whatever_stands_in_the_padding(backend, T, varies):
    a, b, h0 = example(3, T, 2, varies=varies)
    lengths = torch.tensor([T, 1, (T + 1) // 2])
    with torch.no_grad():
        for row, n in enumerate(lengths.tolist()):
            b[row, n:] = torch.nan
            if varies == "everywhere":
                a[row, n:] = torch.nan
    h, final = complex_scan(a, b, h0, lengths=lengths, backend=backend)
    gradients = torch.autograd.grad(h.square().sum() + final.sin().sum(), (a, b, h0))
    alone = []
    for row, n in enumerate(lengths.tolist()):
        own = slice(row, row + 1) if varies == "everywhere" else slice(None)
        h_row, final_row = complex_scan(a[own, :n], b[row : row + 1, :n], h0[row : row + 1], backend=backend)
        close(h[row, :n], h_row[0])
        close(final[row], final_row[0])
        assert not h[row, n:].any(), "outputs beyond the length are not zero"
        alone.append(h_row.square().sum() + final_row.sin().sum())
    close(gradients, torch.autograd.grad(sum(alone), (a, b, h0)))


@pytest.mark.parametrize("varies", VARIES)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("T", [1, 2, 5])
def test_first_and_second_derivatives_equal_finite_differences(backend, T, varies):
    inputs = example(2, T, 2, varies=varies)
    for given in (None, torch.tensor([T, 1])):
        assert gradcheck(lambda *i, given=given: complex_scan(*i, lengths=given, backend=backend), inputs)
        assert gradgradcheck(lambda *i, given=given: complex_scan(*i, lengths=given, backend=backend), inputs)


@pytest.mark.parametrize("backend", BACKENDS)
def test_half_precision_is_carried_in_float32(backend):
    inputs = tuple(value.detach().bfloat16() for value in example(2, 100, 3))
    h, final = complex_scan(*inputs, backend=backend)
    exact, _ = complex_scan(*(value.double() for value in inputs), backend="reference")
    assert h.dtype == final.dtype == torch.bfloat16
    torch.testing.assert_close(h.double(), exact, rtol=2**-8, atol=1e-5)


def test_traced_graph_equals_eager_in_value_and_gradient(monkeypatch):
    monkeypatch.setattr(sys.modules[blocked.__module__], "LOOP", 4)  # blocks in a small graph
    inputs = example(2, 20, 3, varies="not over the batch and time")
    lengths = torch.tensor([20, 7])
    traced = torch.compile(complex_scan, backend="aot_eager", fullgraph=True)
    given = with_gradients(*traced(*inputs, lengths=lengths), inputs)
    close(given, with_gradients(*complex_scan(*inputs, lengths=lengths), inputs))


def test_coefficients_that_do_not_vary_are_not_copied_for_every_step():
    a, b, h0 = example(2, 100, 3, varies="not over the batch and time")
    kept = []

    def keep(tensor):
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        complex_scan(a, b, h0)
    assert sorted(kept) == [3, 2 * 3, 2 * 100 * 3]  # a, h0 and h


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda a, b, h: (a[..., :1], b, h), ValueError, r"a has shape \(2, 4, 3, 1\); expected a last size of 2"),
        (lambda a, b, h: (a, b[:, :1], h), ValueError, r"b has shape \(2, 1, 3, 2\); expected a's shape"),
        (lambda a, b, h: (a, b, h[:1]), ValueError, r"h0 has shape \(1, 3, 2\); expected \(2, 3, 2\)"),
        (lambda a, b, h: (a, b.float(), h), TypeError, "dtypes torch.float64, torch.float32"),
    ],
)
def test_bad_input_is_named(change, error, message):
    with pytest.raises(error, match=message):
        complex_scan(*change(*(value.detach() for value in example(2, 4, 3))))


def test_a_backend_that_cannot_run_is_refused():
    with pytest.raises(BackendError, match="complex_scan cannot run with backend='native'"):
        complex_scan(*example(2, 4, 3), backend="native")


@pytest.mark.parametrize("varies", VARIES)
def test_steps_that_are_work_enough_by_themselves_give_what_the_loop_gives(varies, monkeypatch):
    monkeypatch.setitem(blocked.__globals__, "WIDE", 6)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    inputs = example(2, 100, 3, varies=varies)
    close(with_gradients(*complex_scan(*inputs), inputs), with_gradients(*loop(*inputs), inputs))
