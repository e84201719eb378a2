"""The short convolution in native code equals its definition, and torch's own convolution."""

import pytest
import torch
from tolerances import close
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.functional import conv1d, silu

from rnnzoo.ops import _c_short_convolution
from rnnzoo.ops.backends import has_compiler
from rnnzoo.ops.short_convolution import short_convolution

in_c = pytest.mark.skipif(not has_compiler(), reason="no C compiler here")
BACKENDS = [pytest.param("c", marks=in_c), "torch"]


def arguments(B=2, T=5, C=3, k=4, dtype=torch.float64):
    generator = torch.Generator().manual_seed(B * T * C)
    shapes = ((B, k - 1 + T, C), (C, k), (C,))
    return [torch.randn(shape, generator=generator, dtype=dtype).requires_grad_() for shape in shapes]


def ran(given, **options):
    y = short_convolution(*given, **options)
    slope = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)
    return [y.detach(), *torch.autograd.grad(y, [each for each in given if each is not None], slope)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("T", "C", "k"), [(1, 1, 1), (5, 3, 4), (2, 40, 2), (70, 33, 3), (9, 64, 8)])
def test_it_is_torchs_convolution_and_silu(T, C, k, backend):
    x, weight, bias = given = arguments(3, T, C, k)
    expected = silu(conv1d(x.mT, weight.unsqueeze(1), bias, groups=C).mT)
    slope = torch.linspace(-1, 1, expected.numel(), dtype=x.dtype).view_as(expected)
    for found, theirs in zip(
        ran(given, backend=backend), (expected, *torch.autograd.grad(expected, given, slope)), strict=True
    ):
        close(found, theirs.detach())


@in_c
def test_without_a_bias_and_in_float32():
    x, weight, _ = arguments(dtype=torch.float32)
    for found, expected in zip(
        ran((x, weight, None), backend="c"), ran((x, weight, None), backend="torch"), strict=True
    ):
        close(found, expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_first_and_second_derivatives_equal_finite_differences(backend):
    given = arguments(2, 3, 2, 2)
    assert gradcheck(lambda *each: short_convolution(*each, backend=backend), given)
    assert gradgradcheck(lambda *each: short_convolution(*each, backend=backend), given)


@in_c
@pytest.mark.parametrize("threads", [2, 3])
def test_how_work_goes_to_threads_changes_no_bit(threads, monkeypatch):
    monkeypatch.setattr(_c_short_convolution, "SMALL", 1)
    given = arguments(3, 9, 50)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    expected = ran(given, backend="c")
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert all(torch.equal(a, b) for a, b in zip(ran(given, backend="c"), expected, strict=True))


@in_c
def test_how_arguments_lie_in_memory_does_not_count():
    given = arguments(3, 9, 5)
    turned = [each.detach().movedim(0, -1).contiguous().movedim(-1, 0).requires_grad_() for each in given]
    for found, expected in zip(ran(turned, backend="c"), ran(given, backend="c"), strict=True):
        close(found, expected)


@in_c
def test_half_precision_is_carried_in_float32():
    given = [each.detach().bfloat16() for each in arguments()]
    found = short_convolution(*given, backend="c")
    assert found.dtype == torch.bfloat16
    close(found.double(), short_convolution(*(each.double() for each in given)), dtype=torch.bfloat16)


def test_numbers_of_several_dtypes_go_the_way_of_torch():
    x, weight, bias = (each.detach() for each in arguments())
    assert short_convolution(x.float(), weight, bias).dtype == torch.float64


@pytest.mark.parametrize(
    ("x", "weight", "bias", "message"),
    [
        ((2, 5, 3), (4, 2), None, r"x has shape \(2, 5, 3\) and weight \(4, 2\)"),
        ((2, 2, 3), (3, 3), None, "at least one step of time"),
        ((2, 5, 3), (3, 2), (4,), r"bias has shape \(4,\); expected \(3,\)"),
    ],
)
def test_what_does_not_fit_is_named(x, weight, bias, message):
    with pytest.raises(ValueError, match=message):
        short_convolution(torch.zeros(x), torch.zeros(weight), None if bias is None else torch.zeros(bias))
