"""The one product of the generated C, at every remainder of its blocks, and nothing outside its arrays touched."""

import ctypes
import functools

import numpy as np
import pytest
import torch

from rnnzoo.ops._c_build import library
from rnnzoo.ops._c_gated import panels

DTYPES = {torch.float32: (np.float32, 8), torch.float64: (np.float64, 4)}
GUARD = 24


@functools.cache
def product(dtype):
    return library('#include "recurrence.h"\n', dtype).product


def guarded(array):
    """A copy of the rows, each with NaN on both sides; and the address of each."""
    rows, columns = array.shape
    room = np.full((rows, columns + 2 * GUARD), np.nan, array.dtype)
    room[:, GUARD : GUARD + columns] = array
    places = [room[r].ctypes.data + GUARD * array.itemsize for r in range(rows)]
    return room, (ctypes.c_void_p * rows)(*places)


def check(dtype, rows, columns, inner):
    kind, lanes = DTYPES[dtype]
    random = np.random.default_rng(rows * 10_000 + columns * 100 + inner)
    source, start, weight = (
        random.integers(-4, 5, size).astype(kind) for size in ((rows, inner), (rows, columns), (inner, columns))
    )
    laid = panels(torch.from_numpy(weight), lanes).numpy()
    weight_room, _ = guarded(laid.reshape(1, -1))
    source_room, sources = guarded(source)
    target_room, targets = guarded(start)
    before = source_room.copy(), weight_room.copy()
    size = (ctypes.c_int64(each) for each in (rows, inner, columns))
    product(dtype)(*size, sources, ctypes.c_void_p(weight_room[0, GUARD:].ctypes.data), targets)
    what = f"{rows} rows, {columns} columns, inner {inner}"
    expected = target_room.copy()
    expected[:, :GUARD] = expected[:, GUARD + columns :] = np.nan
    expected[:, GUARD : GUARD + columns] = start + source @ weight  # small whole numbers: exact
    np.testing.assert_array_equal(target_room, expected, err_msg=what)
    for room, was in zip((source_room, weight_room), before, strict=True):
        np.testing.assert_array_equal(room, was, err_msg=what)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("rows", range(1, 14))
def test_adds_source_times_weight_at_every_remainder(rows, dtype):
    """The guards are NaN, so that what is read outside would show in the result, and what is written there too."""
    for columns in range(1, 41):
        for inner in range(1, 10):
            check(dtype, rows, columns, inner)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("rows", [1, 2, 3, 64])
@pytest.mark.parametrize(("columns", "inner"), [(64, 65), (65, 64), (128, 3), (131, 37), (257, 129)])
def test_wide_weights_go_four_panels_at_a_time(rows, columns, inner, dtype):
    check(dtype, rows, columns, inner)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_nothing_is_added_where_the_inner_size_or_the_rows_are_zero(dtype):
    check(dtype, 3, 17, 0)
    check(dtype, 0, 17, 3)


def test_a_row_comes_out_the_same_however_many_go_with_it():
    """So that numbers do not depend on how rows are dealt out to threads."""
    weight, source = torch.randn(37, 70), np.random.default_rng(0).standard_normal((13, 37)).astype(np.float32)
    laid = np.ascontiguousarray(panels(weight, 8).numpy())

    def ran(first, rows):
        target = np.zeros((rows, 70), np.float32)
        each = [(ctypes.c_void_p * rows)(*(a[r].ctypes.data for r in range(rows))) for a in (source[first:], target)]
        size = (ctypes.c_int64(n) for n in (rows, 37, 70))
        product(torch.float32)(*size, each[0], ctypes.c_void_p(laid.ctypes.data), each[1])
        return target

    whole = ran(0, 13)
    for rows in range(1, 13):
        np.testing.assert_array_equal(ran(13 - rows, rows), whole[13 - rows :])
