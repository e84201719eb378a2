import pytest
import torch
from scan_examples import example, results
from tolerances import close
from torch.autograd import gradcheck, gradgradcheck

from rnnzoo.ops import BackendError
from rnnzoo.ops.scan import BACKENDS, LOOP, scan
from rnnzoo.registry import UnknownName

FAST = BACKENDS[1:]
TIMES = (1, 2, 3, 17, 64, 65, 100, 127, 300, 1031)  # around LOOP, a prime, and long enough for two levels of blocks


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
