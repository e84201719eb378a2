"""The elementary functions of the generated C: how far from exact they may be, and what they do at the ends."""

import ctypes
import functools
import math

import numpy as np
import pytest
import torch

from rnnzoo.ops._c_build import library

DTYPES = {torch.float32: np.float32, torch.float64: np.float64}
every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)
INF, NAN = math.inf, math.nan


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


REFERENCES = {
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "softplus": softplus, "sqrt": np.sqrt, "rsqrt": lambda x: 1 / np.sqrt(x),
    "sin": np.sin, "cos": np.cos, "abs": np.abs, "sign": np.sign,
}  # fmt: skip
ULPS = {
    "exp": 2, "expm1": 3, "log": 2, "log1p": 4, "tanh": 4, "sigmoid": 3, "softplus": 4, "sqrt": 0.5, "rsqrt": 1.5,
    "sin": 1, "cos": 1, "abs": 0, "sign": 0,
}  # fmt: skip
"""The largest error in units of the last place of the exact value; the smallest such unit is a denormal number's.

Found with fused multiply-adds: exp 1.1, expm1 1.7, log 1.9, log1p 3.3, tanh 2.5, sigmoid 2.4, softplus 3.0, rsqrt 1.5.
"""
TINY, LARGE = {torch.float32: 1e-45, torch.float64: 5e-324}, {torch.float32: 3e38, torch.float64: 1e308}
RANGES = {
    "exp": {torch.float32: (-104, 88.72), torch.float64: (-745, 709.78)},
    "expm1": {torch.float32: (-104, 88.72), torch.float64: (-745, 709.78)},
    "sigmoid": {torch.float32: (-88, 104), torch.float64: (-708, 745)},
    "softplus": {torch.float32: (-104, 1e4), torch.float64: (-745, 1e4)},
    "tanh": dict.fromkeys(DTYPES, (-30, 30)), "sin": dict.fromkeys(DTYPES, (-100, 100)),
    "cos": dict.fromkeys(DTYPES, (-100, 100)), "log": dict.fromkeys(DTYPES, (0.4, 2.5)),
    "log1p": dict.fromkeys(DTYPES, (-0.9999, 3)),
}  # fmt: skip
"""Where numbers are drawn evenly; besides, they are drawn over all magnitudes that lie within."""
POSITIVE = {"log", "sqrt", "rsqrt"}
WIDE = {"log", "sqrt", "rsqrt", "abs", "sign"}


@functools.cache
def functions(dtype):
    lines = ['#include "recurrence.h"']
    for name in (*REFERENCES, "maximum", "minimum"):
        two = name in ("maximum", "minimum")
        lines += [
            f"void all_{name}(const REAL *x, const REAL *y, REAL *z, int64_t n) "
            f"{{ (void)y; for (int64_t i = 0; i < n; i++) z[i] = {name}_(x[i]{', y[i]' if two else ''}); }}"
        ]
    return library("\n".join(lines), dtype)


def call(name, dtype, x, y=None):
    x = np.ascontiguousarray(x, dtype=DTYPES[dtype])
    y = x if y is None else np.ascontiguousarray(y, dtype=DTYPES[dtype])
    z = np.empty_like(x)
    address = [ctypes.c_void_p(each.ctypes.data) for each in (x, y, z)]
    getattr(functions(dtype), f"all_{name}")(*address, ctypes.c_int64(x.size))
    return z


def drawn(name, dtype):
    """Even over the range, and over every magnitude of it, denormal numbers among them."""
    random = np.random.default_rng(0)
    low, high = RANGES.get(name, {}).get(dtype, (-LARGE[dtype], LARGE[dtype]))
    largest = LARGE[dtype] if name in WIDE else high
    sizes = np.exp(random.uniform(np.log(np.longdouble(TINY[dtype])), np.log(np.longdouble(largest)), 200_000))
    even = random.uniform(low, high, 200_000) if name in RANGES else np.empty(0)
    x = np.concatenate([even, sizes if name in POSITIVE else np.concatenate([sizes, -sizes])]).astype(DTYPES[dtype])
    return x if name in WIDE else x[(x >= low) & (x <= high)]


def exact(dtype):
    """More digits than the dtype has."""
    if dtype == torch.float32:
        return np.float64
    if np.finfo(np.longdouble).nmant <= 52:
        pytest.skip("this machine has no longer numbers than double to compare with")
    return np.longdouble


def worst(name, dtype, x):
    wide = REFERENCES[name](x.astype(exact(dtype)))
    unit = np.spacing(np.abs(wide).astype(DTYPES[dtype])).astype(wide.dtype)
    error = np.abs(call(name, dtype, x).astype(wide.dtype) - wide) / unit
    place = int(np.argmax(error))
    return float(error[place]), float(x[place])


@every_dtype
@pytest.mark.parametrize("name", REFERENCES)
def test_error_in_units_of_the_last_place(name, dtype):
    error, place = worst(name, dtype, drawn(name, dtype))
    assert error <= ULPS[name] + 0.001, f"{error} at {place!r}"


@every_dtype
@pytest.mark.parametrize("name", sorted(set(REFERENCES) - {"sign"}))
def test_what_is_not_a_number_stays_so(name, dtype):
    assert np.isnan(call(name, dtype, [NAN] * 19)).all()


@every_dtype
def test_sign_of_what_is_not_a_number_is_zero_as_torchs(dtype):
    assert (call("sign", dtype, [NAN] * 19) == torch.sign(torch.full((19,), NAN, dtype=dtype)).numpy()).all()


ENDS = {
    "exp": [(-INF, 0), (INF, INF), (1e4, INF), (-1e4, 0), (0.0, 1), (-0.0, 1)],
    "expm1": [(-INF, -1), (INF, INF), (1e4, INF), (-1e4, -1), (0.0, 0)],
    "log": [(0.0, -INF), (-0.0, -INF), (INF, INF), (1, 0), (-1, NAN), (-INF, NAN), (-1e-40, NAN)],
    "log1p": [(-1, -INF), (INF, INF), (0.0, 0), (-2, NAN), (-INF, NAN)],
    "tanh": [(-INF, -1), (INF, 1), (1e4, 1), (-1e4, -1), (0.0, 0), (30, 1), (-30, -1)],
    "sigmoid": [(-INF, 0), (INF, 1), (1e4, 1), (-1e4, 0), (0.0, 0.5)],
    "softplus": [(-INF, 0), (INF, INF), (1e4, 1e4), (-1e4, 0)],
    "sqrt": [(0.0, 0), (INF, INF), (-1, NAN)],
    "rsqrt": [(0.0, INF), (-0.0, -INF), (INF, 0), (-1, NAN)],
    "abs": [(-INF, INF), (-0.0, 0), (-2, 2)],
    "sign": [(-INF, -1), (INF, 1), (0.0, 0), (-0.0, 0), (-1e-40, -1), (1e-40, 1)],
}


@every_dtype
@pytest.mark.parametrize("name", ENDS)
def test_ends_of_the_range(name, dtype):
    given, expected = zip(*ENDS[name], strict=True)
    np.testing.assert_array_equal(call(name, dtype, given), np.array(expected, DTYPES[dtype]))


@pytest.mark.parametrize("name", ["exp", "expm1"])
def test_what_float32_can_hold_is_finite(name):
    x = np.linspace(88, 88.722, 1001, dtype=np.float32)
    assert np.isfinite(call(name, torch.float32, x)).all()
    assert np.isinf(call(name, torch.float32, np.full(9, 88.73))).all()


@every_dtype
@pytest.mark.parametrize("name", ["tanh", "expm1", "log1p"])
def test_small_numbers_are_given_back_denormal_ones_too(name, dtype):
    small = np.float64(TINY[dtype]) * np.arange(1, 1000) if dtype == torch.float32 else np.arange(1, 1000) * 5e-324
    for x in (small, -small):
        np.testing.assert_array_equal(call(name, dtype, x), x.astype(DTYPES[dtype]))


@every_dtype
@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_the_larger_and_the_smaller_and_neither_hides_what_is_not_a_number(name, dtype):
    values = [-INF, -1.5, -0.0, 0.0, 2.0, INF, NAN]
    x, y = (np.array(each, DTYPES[dtype]) for each in zip(*[(a, b) for a in values for b in values], strict=True))
    np.testing.assert_array_equal(call(name, dtype, x, y), getattr(np, name)(x, y))
