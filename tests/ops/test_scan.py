import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tolerances import close
from torch.autograd import gradcheck, gradgradcheck

from rnnzoo.ops import BackendError, _c_scan
from rnnzoo.ops._c_build import CannotBuild, Missing, tell_once
from rnnzoo.ops.scan import BACKENDS, LOOP, WIDE, Ring, blocked, choose_scan, find_scan, scan
from rnnzoo.registry import UnknownName

FAST = BACKENDS[1:]
TIMES = (1, 2, 3, 17, 64, 65, 100, 127, 300, 1031)  # around LOOP, a prime, and long enough for two levels of blocks


def example(B, T, *shape, dtype=torch.float64):
    """Coefficients of either sign, some of them zero, their long products neither exploding nor all alike."""
    a = (torch.rand(B, T, *shape, dtype=dtype) * 2 - 1).requires_grad_()
    with torch.no_grad():
        a[torch.rand_like(a) < 0.05] = 0
    b = torch.randn(B, T, *shape, dtype=dtype).requires_grad_()
    h0 = torch.randn(B, *shape, dtype=dtype).requires_grad_()
    return a, b, h0


def results(a, b, h0, lengths, backend):
    h, final = scan(a, b, h0, lengths=lengths, backend=backend)
    generator = torch.Generator().manual_seed(3)
    score = sum((part * torch.randn(part.shape, generator=generator, dtype=part.dtype)).sum() for part in (h, final))
    return (h, final, *torch.autograd.grad(score, (a, b, h0)))


@pytest.mark.parametrize("T", TIMES)
@pytest.mark.parametrize("B", [1, 3])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("backend", FAST)
def test_every_backend_equals_the_loop_in_value_and_gradient(backend, B, T, dtype):
    a, b, h0 = example(B, T, 2, 3, dtype=dtype)
    close(results(a, b, h0, None, backend), results(a, b, h0, None, "reference"))


@pytest.mark.parametrize("T", [2, 17, 100])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_ragged_row_equals_itself_alone_in_value_and_gradient(backend, T):
    a, b, h0 = example(3, T, 4)
    lengths = torch.tensor([T, 1, (T + 1) // 2])
    together = results(a, b, h0, lengths, backend)
    h, final = scan(a, b, h0, lengths=lengths, backend=backend)
    for row, n in enumerate(lengths.tolist()):
        alone = scan(a[row : row + 1, :n], b[row : row + 1, :n], h0[row : row + 1], backend="reference")
        close(h[row, :n], alone[0][0])
        close(final[row], alone[1][0])
        assert not h[row, n:].any(), "outputs beyond the length are not zero"
        assert not together[2][row, n:].any(), "a gets a gradient beyond the length"
        assert not together[3][row, n:].any(), "b gets a gradient beyond the length"
    close(together, results(a, b, h0, lengths, "reference"))


@pytest.mark.parametrize("backend", BACKENDS)
def test_nan_in_the_padding_reaches_nothing(backend):
    a, b, h0 = example(2, 70, 3)
    lengths = torch.tensor([70, 9])
    expected = results(a, b, h0, lengths, backend)
    with torch.no_grad():
        a[1, 9:], b[1, 9:] = torch.nan, torch.nan
    close(results(a, b, h0, lengths, backend), expected)
    h, _ = scan(a, b, h0, lengths=lengths, backend=backend)
    g = torch.ones_like(h)
    g[1, 9:] = torch.nan  # what comes back there is ignored too
    assert all(gradient.isfinite().all() for gradient in torch.autograd.grad(h, (a, b, h0), g))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("T", [1, 40, 200])
def test_closed_forms(backend, T):
    b = torch.randn(2, T, 3, dtype=torch.float64)
    h0 = torch.randn(2, 3, dtype=torch.float64)
    t = torch.arange(1, T + 1, dtype=torch.float64).reshape(1, T, 1)

    def run(a, b):
        return scan(torch.full_like(b, a), b, h0, backend=backend)[0]

    close(run(0.0, b), b)
    close(run(1.0, b), b.cumsum(1) + h0.unsqueeze(1))
    r = -0.9
    close(run(r, torch.ones_like(b)), (r**t * h0.unsqueeze(1) + (1 - r**t) / (1 - r)), what="geometric series")
    close(run(0.5, torch.zeros_like(b)), 0.5**t * h0.unsqueeze(1), what="decay")


@pytest.mark.parametrize("backend", BACKENDS)
def test_linear_in_b_and_h0_together(backend):
    a, b, h0 = example(2, 90, 3)
    _, b2, h2 = example(2, 90, 3)
    sum_of_both = scan(a, 2 * b - 3 * b2, 2 * h0 - 3 * h2, backend=backend)[0]
    close(sum_of_both, 2 * scan(a, b, h0, backend=backend)[0] - 3 * scan(a, b2, h2, backend=backend)[0])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("cut", [1, 66, 149])
def test_whole_equals_chunked(backend, cut):
    a, b, h0 = example(2, 150, 3)
    h, final = scan(a, b, h0, backend=backend)
    first, middle = scan(a[:, :cut], b[:, :cut], h0, backend=backend)
    second, end = scan(a[:, cut:], b[:, cut:], middle, backend=backend)
    close((torch.cat((first, second), 1), end), (h, final))


@pytest.mark.parametrize("backend", FAST)
def test_products_that_underflow_lose_nothing(backend):
    a = torch.full((1, 5000, 1), 1e-3)  # the product of 13 of these is no float32 any more
    b = torch.ones(1, 5000, 1)
    h, final = scan(a, b, torch.ones(1, 1), backend=backend)
    assert h.isfinite().all()
    close(final, torch.full((1, 1), 1 / (1 - 1e-3)))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("T", [1, 2, 5])
def test_first_and_second_derivatives_equal_finite_differences(backend, T):
    inputs = example(2, T, 2)
    lengths = torch.tensor([T, 1])
    for given in (None, lengths):
        assert gradcheck(lambda *i, given=given: scan(*i, lengths=given, backend=backend), inputs)
        assert gradgradcheck(lambda *i, given=given: scan(*i, lengths=given, backend=backend), inputs)


@pytest.mark.parametrize("backend", FAST)
def test_second_derivatives_of_many_steps_equal_the_loops(backend):
    a, b, h0 = example(2, LOOP + 11, 2)

    def hessian_product(backend):
        first = torch.autograd.grad(scan(a, b, h0, backend=backend)[0].square().sum(), (a, b, h0), create_graph=True)
        return torch.autograd.grad(sum(g.sin().sum() for g in first), (a, b, h0))

    close(hessian_product(backend), hessian_product("reference"))


@pytest.mark.parametrize("backend", FAST)
def test_the_jacobian_of_the_final_state_is_the_product_of_coefficients(backend):
    a, b, h0 = (value.detach() for value in example(1, LOOP + 5, 3))
    a = 0.9 + 0.2 * torch.rand_like(a)
    jacobian = torch.func.jacrev(lambda h: scan(a, b, h, backend=backend)[1][0])(h0)[:, 0]  # (3, 3)
    close(jacobian, a[0].prod(0).diag())


@pytest.mark.parametrize("part", [0, 1])
def test_gradient_of_outputs_or_of_the_final_state_alone(part):
    a, b, h0 = example(2, 80, 2)
    gradients = [
        torch.autograd.grad(scan(a, b, h0, backend=backend)[part].square().sum(), (a, b, h0)) for backend in BACKENDS
    ]
    for gradient in gradients[1:]:
        close(gradient, gradients[0])


@pytest.mark.parametrize("backend", BACKENDS)
def test_half_precision_is_carried_in_float32(backend):
    a, b, h0 = (value.detach().bfloat16() for value in example(2, 100, 3))
    a = a.abs()
    h, final = scan(a, b, h0, backend=backend)
    exact, _ = scan(a.double(), b.double(), h0.double(), backend="reference")
    assert h.dtype == final.dtype == torch.bfloat16
    torch.testing.assert_close(h.double(), exact, rtol=2**-8, atol=1e-5)  # one rounding at the end, not one a step


def test_autocast_keeps_float32():
    a, b, h0 = (value.detach() for value in example(2, 100, 3, dtype=torch.float32))
    with torch.autocast("cpu", torch.bfloat16):
        h, final = scan(a.bfloat16(), b, h0)
    assert h.dtype == final.dtype == torch.float32


def test_traced_graph_equals_eager_in_value_and_gradient():
    a, b, h0 = example(2, LOOP + 1, 3)
    lengths = torch.tensor([LOOP + 1, 41])
    traced = torch.compile(scan, backend="aot_eager", fullgraph=True)
    h, final = traced(a, b, h0, lengths=lengths)
    gradients = torch.autograd.grad(h.square().sum() + final.sum(), (a, b, h0))
    h2, final2 = scan(a, b, h0, lengths=lengths)
    close((h, final, *gradients), (h2, final2, *torch.autograd.grad(h2.square().sum() + final2.sum(), (a, b, h0))))


@pytest.mark.parametrize("backend", BACKENDS)
def test_inputs_are_left_as_they_were(backend):
    inputs = tuple(value.detach() for value in example(2, 100, 3))
    copies = tuple(value.clone() for value in inputs)
    scan(*inputs, lengths=torch.tensor([3, 100]), backend=backend)
    for value, copy in zip(inputs, copies, strict=True):
        assert torch.equal(value, copy)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda a, b, h: (a, b[:, :1], h), ValueError, r"b has shape \(2, 1, 3\); expected a's shape, \(2, 4, 3\)"),
        (lambda a, b, h: (a, b, h[:1]), ValueError, r"h0 has shape \(1, 3\); expected \(2, 3\)"),
        (lambda a, b, h: (a[:, :0], b[:, :0], h), ValueError, r"a has shape \(2, 0, 3\).*at least one time step"),
        (lambda a, b, h: (a, b.float(), h), TypeError, "dtypes torch.float64, torch.float32"),
        (lambda a, b, h: (a.long(), b.long(), h.long()), TypeError, "floating-point"),
    ],
)
def test_bad_input_is_named(change, error, message):
    with pytest.raises(error, match=message):
        scan(*change(*(value.detach() for value in example(2, 4, 3))))


def test_lengths_out_of_range_are_refused():
    a, b, h0 = example(2, 4, 3)
    with pytest.raises(ValueError, match=r"lengths.*got 5 in row 0"):
        scan(a, b, h0, lengths=torch.tensor([5, 1]))


def test_unknown_and_unavailable_backends_are_refused():
    a, b, h0 = example(2, 4, 3)
    with pytest.raises(UnknownName, match="did you mean reference"):
        scan(a, b, h0, backend="referenc")
    with pytest.raises(BackendError, match="scan cannot run with backend='native'"):
        scan(a, b, h0, backend="native")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "size",
    [
        (1, 1, 3),
        (2, 1, 3),
        (1, 300, 3),
        (2, 300, 1),
        (1, 1, 1),
        (2, 300, 5, 1),
        (1, 1, 1, 3),
        (2, 1, 5, 1),
        (1, 1, 5, 3),
    ],
    ids=str,
)
@pytest.mark.parametrize("lengths", [None, torch.tensor([300, 41])], ids=["whole", "ragged"])
def test_coefficients_that_do_not_vary_along_a_size_give_what_they_give_written_out(backend, size, lengths):
    _, b, h0 = example(2, 300, *((3,) if len(size) == 3 else (5, 3)))
    a = torch.rand(size, dtype=torch.float64, requires_grad=True)
    expected = results(a.expand_as(b), b, h0, lengths, "reference")
    h, final = scan(a, b, h0, lengths=lengths, backend=backend)
    generator = torch.Generator().manual_seed(3)
    score = sum((part * torch.randn(part.shape, generator=generator, dtype=part.dtype)).sum() for part in (h, final))
    da, db, dh0 = torch.autograd.grad(score, (a, b, h0))
    close((h, final, db, dh0), (*expected[:2], *expected[3:]))
    close(da, expected[2].sum_to_size(size))


@pytest.mark.parametrize("threads", [1, 2])
def test_steps_that_are_work_enough_by_themselves_give_what_the_loop_gives(threads, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    inputs = example(2, 100, WIDE // 2)
    calls = []
    add = torch.addcmul
    monkeypatch.setitem(blocked.__globals__, "LINEAR", Ring(torch.mul, lambda *a: calls.append(0) or add(*a)))
    monkeypatch.setattr(blocked, "__defaults__", (False, blocked.__globals__["LINEAR"]))
    close(results(*inputs, None, "torch"), results(*inputs, None, "reference"))
    assert (len(calls) == 100 + 99) == (threads == 1)  # one for each step and way, where blocks need two


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("channels", [1, 7, 5000])
@pytest.mark.parametrize("lengths", [None, torch.tensor([70, 41, 1])], ids=["whole", "ragged"])
def test_threads_and_blocks_of_channels_give_what_the_loop_gives(threads, channels, lengths, monkeypatch):
    monkeypatch.setattr(_c_scan, "SMALL", 100)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    inputs = example(3, 70, channels)
    close(results(*inputs, lengths, "c"), results(*inputs, lengths, "reference"))


@pytest.mark.parametrize("channels", [(3000, 2), (2, 5000), (5, 3)])
@pytest.mark.parametrize("size", [(3, 20), (1, 20), (3, 1)], ids=str)
def test_channels_that_share_a_coefficient_over_several_blocks(channels, size, monkeypatch):
    monkeypatch.setattr(_c_scan, "SMALL", 100)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    a, b, h0 = example(3, 20, *channels)
    a = a.detach()[: size[0], : size[1], :, :1].contiguous().requires_grad_()
    given, written_out = results(a, b, h0, None, "c"), results(a, b, h0, None, "reference")
    close(given, written_out)


@pytest.mark.parametrize("backend", FAST)
def test_how_the_inputs_and_gradients_lie_in_memory_does_not_count(backend):
    a, b, h0 = (value.detach() for value in example(3, 20, 2, 4))
    expected = results(*(value.clone().requires_grad_() for value in (a, b, h0)), None, "reference")
    both = torch.cat((a, b), 2)  # as blocks of one product
    slices = both[:, :, :2], both[:, :, 2:], h0
    turned = tuple(value.transpose(0, -1).contiguous().transpose(0, -1) for value in (a, b, h0))
    for given in (slices, turned):
        close(results(*(value.requires_grad_() for value in given), None, backend), expected)
    a, b, h0 = (value.clone().requires_grad_() for value in (a, b, h0))
    ones = torch.autograd.grad(scan(a, b, h0, backend=backend)[0].sum(), (a, b, h0))  # a gradient without strides
    close(ones, torch.autograd.grad(scan(a, b, h0, backend="reference")[0].sum(), (a, b, h0)))


@pytest.mark.parametrize("backend", FAST)
def test_a_state_without_channels_of_its_own(backend):
    inputs = example(3, 20)
    close(results(*inputs, None, backend), results(*inputs, None, "reference"))


@pytest.mark.parametrize("backend", FAST)
@pytest.mark.parametrize("mapped", [(0, 0, 0), (None, 0, None), (1, None, 1), (None, None, 0), (2, 2, 0)], ids=str)
def test_mapped_over_a_dimension_it_is_each_by_itself_in_value_and_gradient(backend, mapped):
    inputs = [value.detach() for value in example(2, 12, 3)]
    given = [
        value if dim is None else torch.stack([(1 + i) * value / 4 for i in range(4)], dim)
        for value, dim in zip(inputs, mapped, strict=True)
    ]

    def gradients(name):
        def score(a, b, h0):
            h, final = scan(a, b, h0, backend=name)
            return h.sin().sum() + final.square().sum()

        return torch.func.vmap(torch.func.grad(score, (0, 1, 2)), mapped)(*given)

    close(gradients(backend), gradients("reference"))
    first = torch.func.vmap(lambda *i: scan(*i, backend=backend), mapped)(*given)
    close(first, torch.func.vmap(lambda *i: scan(*i, backend="reference"), mapped)(*given))


@pytest.mark.parametrize("backend", FAST)
@pytest.mark.parametrize("lengths", [None, torch.tensor([12, 5])], ids=["whole", "ragged"])
def test_gradients_of_several_outputs_at_once(backend, lengths):
    a, b, h0 = example(2, 12, 3)
    h, final = scan(a, b, h0, lengths=lengths, backend=backend)
    g = torch.randn(4, *h.shape, dtype=h.dtype), torch.randn(4, *final.shape, dtype=h.dtype)
    together = torch.autograd.grad((h, final), (a, b, h0), g, is_grads_batched=True, retain_graph=True)
    each = [torch.autograd.grad((h, final), (a, b, h0), parts, retain_graph=True) for parts in zip(*g, strict=True)]
    close(together, tuple(torch.stack(parts) for parts in zip(*each, strict=True)))


def test_empty_batches_and_channels_are_run():
    for B, C in ((0, 3), (2, 0)):
        h, final = scan(torch.ones(1, 1, C), torch.ones(B, 5, C), torch.ones(B, C), backend="c")
        assert (h.shape, final.shape) == ((B, 5, C), (B, C))


def test_on_a_cpu_native_code_is_chosen_and_forced_where_it_cannot_run_it_says_why(monkeypatch):
    a, b, h0 = example(2, 4, 3)
    assert choose_scan(None, b, "scan") == "c"
    assert choose_scan(None, b.to("meta"), "scan") == "torch"
    with pytest.raises(BackendError, match="scan cannot run with backend='c': it runs on the CPU, not on meta"):
        scan(a.to("meta"), b.to("meta"), h0.to("meta"), backend="c")
    missing = Missing("no C compiler was found (cc, gcc, clang)", here=True)
    monkeypatch.setattr(sys.modules[scan.__module__], "find_scan", lambda *_: missing)
    tell_once.cache_clear()
    with pytest.warns(UserWarning, match="without its native code.*no C compiler"):
        h, final = scan(a, b, h0)
    close((h, final), scan(a, b, h0, backend="reference"))
    with pytest.raises(BackendError, match=r"scan cannot run with backend='c': no C compiler.*backend='torch' can"):
        scan(a, b, h0, backend="c")


def test_code_that_differs_from_the_loop_is_not_used(monkeypatch, tmp_path):
    built = find_scan("cpu", torch.float64)
    wrong = SimpleNamespace(
        _name=str(tmp_path / "wrong.so"), **{f.__name__: f for f in (built.forward, built.backward)}
    )
    wrong.forward_pairs, wrong.backward_pairs = built.forward_pairs, built.backward
    with pytest.raises(CannotBuild, match="differs from the reference"):
        _c_scan._check(wrong, torch.float64)


def test_the_first_use_may_be_under_torch_func_or_in_inference_mode(monkeypatch, tmp_path):
    a, b, h0 = (value.detach() for value in example(2, 4, 3))
    expected = torch.autograd.grad(scan(a.requires_grad_(), b, h0, backend="reference")[0].sum(), a)[0]
    monkeypatch.setenv("RNNZOO_CACHE", str(tmp_path))
    monkeypatch.setattr(Path, "exists", lambda path: False if path.suffix == ".checked" else os.path.exists(path))
    find_scan.cache_clear()
    given = torch.func.vmap(torch.func.grad(lambda a: scan(a, b, h0, backend="c")[0].sum()))(torch.stack((a, a)))
    close(given[1], expected)
    find_scan.cache_clear()
    with torch.inference_mode():
        close(scan(a, b, h0, backend="c"), scan(a, b, h0, backend="reference"))
