"""The linear recurrence h_t = a_t * h_{t-1} + b_t in Triton; imports Triton, so import it late.

A program takes a block of channels of one row through time, tile after tile of (TIME, WIDE) numbers: inside a tile the
steps are composed as a tree, and the state before the tile is put in front. Backward it is the same with time reversed.
FORM is "real", "pairs" (complex numbers, real and imaginary part side by side) or "largest" (over max and +).
"""

from __future__ import annotations

import triton
import triton.language as tl

__all__ = ["backward", "compositions", "forward"]


@triton.jit
def one_after_another(a, b, later_a, later_b):
    """Two steps h -> a h + b as one."""
    return later_a * a, later_a * b + later_b


@triton.jit
def of_pairs(a, ai, b, bi, later_a, later_ai, later_b, later_bi):
    """The same of complex numbers."""
    return (
        later_a * a - later_ai * ai,
        later_a * ai + later_ai * a,
        later_a * b - later_ai * bi + later_b,
        later_a * bi + later_ai * b + later_bi,
    )


@triton.jit
def of_largest(a, b, later_a, later_b):
    """Two steps h -> max(h + a, b) as one."""
    return later_a + a, tl.maximum(later_a + b, later_b)


@triton.jit
def states(a, ai, b, bi, h, hi, TIME: tl.constexpr, FORM: tl.constexpr):
    """All states of a tile (TIME, WIDE) and the last one (1, WIDE), each as real and imaginary part.

    Args:
        a, ai, b, bi: the steps.
        h, hi: the state (1, WIDE) before the first of them.
        TIME: steps of a tile.
        FORM: which recurrence.
    """
    last = tl.arange(0, TIME)[:, None] == TIME - 1
    if FORM == "pairs":
        a, ai, b, bi = tl.associative_scan((a, ai, b, bi), 0, of_pairs)
        out, outi = a * h - ai * hi + b, a * hi + ai * h + bi
        return out, outi, tl.sum(tl.where(last, out, 0.0), 0)[None, :], tl.sum(tl.where(last, outi, 0.0), 0)[None, :]
    elif FORM == "largest":
        a, b = tl.associative_scan((a, b), 0, of_largest)
        out = tl.maximum(a + h, b)
        return out, out, tl.sum(tl.where(last, out, 0.0), 0)[None, :], hi
    else:
        a, b = tl.associative_scan((a, b), 0, one_after_another)
        out = a * h + b
        return out, out, tl.sum(tl.where(last, out, 0.0), 0)[None, :], hi


@triton.jit(do_not_specialize=["T", "parts", "steps"])
def forward(
    a, b, before, h, final, ends, T, C, R, a_row, a_step, b_row, b_step, parts, steps,
    TIME: tl.constexpr, WIDE: tl.constexpr, FORM: tl.constexpr, RAGGED: tl.constexpr, AHEAD: tl.constexpr,
):  # fmt: skip
    """States h (B, T, C) and the last (B, C), from ``before``: (B, parts, C), that of each part of the time.

    Args:
        a, b: (B, T, C / R) and (B, T, C), of these strides; R channels share a coefficient. Of pairs, numbers count
            twice: addresses are of the real part.
        ends: the length of each row, read if RAGGED.
        parts, steps: in how many parts time is cut, and how many steps each has.
    """
    two: tl.constexpr = 2 if FORM == "pairs" else 1
    row, part = (tl.program_id(0) // parts).to(tl.int64), tl.program_id(0) % parts
    cols = tl.program_id(1) * WIDE + tl.arange(0, WIDE)[None, :]
    there = cols < C
    end = tl.load(ends + row) if RAGGED else T
    state = tl.load(before + ((row * parts + part) * C + cols) * two, mask=there, other=0)
    statei = tl.load(before + ((row * parts + part) * C + cols) * two + 1, mask=there, other=0) if two == 2 else state
    one: tl.constexpr = 0.0 if FORM == "largest" else 1.0
    none: tl.constexpr = float("-inf") if FORM == "largest" else 0.0
    first = part * steps
    for start in tl.range(first, tl.minimum(first + steps, T), TIME, num_stages=AHEAD):
        t = (start + tl.arange(0, TIME)[:, None]).to(tl.int64)
        inside = (t < T) & there
        on = (t < end) & there
        a_at = a + (row * a_row + t * a_step + cols // R) * two
        b_at = b + (row * b_row + t * b_step + cols) * two
        a_t, b_t = tl.load(a_at, mask=on, other=one), tl.load(b_at, mask=on, other=none)
        ai, bi = a_t, b_t
        if two == 2:
            ai, bi = tl.load(a_at + 1, mask=on, other=0.0), tl.load(b_at + 1, mask=on, other=0.0)
        out, outi, state, statei = states(a_t, ai, b_t, bi, state, statei, TIME, FORM)
        h_at = h + ((row * T + t) * C + cols) * two
        tl.store(h_at, tl.where(on, out, 0.0), mask=inside)
        if two == 2:
            tl.store(h_at + 1, tl.where(on, outi, 0.0), mask=inside)
    if part == parts - 1:
        tl.store(final + (row * C + cols) * two, state, mask=there)
        if two == 2:
            tl.store(final + (row * C + cols) * two + 1, statei, mask=there)


@triton.jit(do_not_specialize=["T", "parts", "steps"])
def compositions(
    a, b, all_a, all_b, ends, T, C, R, a_row, a_step, b_row, b_step, parts, steps,
    TIME: tl.constexpr, WIDE: tl.constexpr, RAGGED: tl.constexpr, AHEAD: tl.constexpr, BACK: tl.constexpr,
):  # fmt: skip
    """The steps of each part of the time as one: a and b (B, parts, C) of real numbers.

    Args:
        BACK: the steps of the backward pass, u_t = g_t + a_{t+1} u_{t+1}, from the last to the first; b is g, and part
            0 the latest.
    """
    row, part = (tl.program_id(0) // parts).to(tl.int64), tl.program_id(0) % parts
    cols = tl.program_id(1) * WIDE + tl.arange(0, WIDE)[None, :]
    there = cols < C
    end = tl.load(ends + row) if RAGGED else T
    product, state = tl.full((1, WIDE), 1.0, tl.float32), tl.zeros((1, WIDE), tl.float32)
    last = tl.arange(0, TIME)[:, None] == TIME - 1
    first = part * steps
    for start in tl.range(first, tl.minimum(first + steps, T), TIME, num_stages=AHEAD):
        t = (start + tl.arange(0, TIME)[:, None]).to(tl.int64)
        on = (t < end) & there
        a_on = on
        at = t
        if BACK:
            t = T - 1 - t
            on = (t >= 0) & (t < end) & there
            at = t + 1
            a_on = (t >= 0) & (at < end) & there
        a_t = tl.load(a + row * a_row + at * a_step + cols // R, mask=a_on, other=1.0)
        b_t = tl.load(b + row * b_row + t * b_step + cols, mask=on, other=0.0)
        a_t, b_t = tl.associative_scan((a_t, b_t), 0, one_after_another)
        out = a_t * state + b_t
        state = tl.sum(tl.where(last, out, 0.0), 0)[None, :]
        product *= tl.sum(tl.where(last, a_t, 0.0), 0)[None, :]
    tl.store(all_a + (row * parts + part) * C + cols, product, mask=there)
    tl.store(all_b + (row * parts + part) * C + cols, state, mask=there)


@triton.jit(do_not_specialize=["T", "parts", "steps"])
def backward(
    a, h, h0, g, after, grad_a, grad_b, grad_h0, ends, T, C, R, a_row, a_step, g_row, g_step, parts, steps,
    TIME: tl.constexpr, WIDE: tl.constexpr, FORM: tl.constexpr, RAGGED: tl.constexpr, AHEAD: tl.constexpr,
    WANTS_A: tl.constexpr,
):  # fmt: skip
    """Gradients of a and b (B, T, C) and h0 (B, C), from ``after``: (B, parts, C), of the states behind each part.

    With u_t the gradient of h_t: u_t = g_t + conj(a_{t+1}) u_{t+1}; db = u, da_t = u_t conj(h_{t-1}), dh0 = conj(a_1)
    u_1. Time runs backwards: part 0 is the latest.
    """
    two: tl.constexpr = 2 if FORM == "pairs" else 1
    row, part = (tl.program_id(0) // parts).to(tl.int64), tl.program_id(0) % parts
    cols = tl.program_id(1) * WIDE + tl.arange(0, WIDE)[None, :]
    there = cols < C
    end = tl.load(ends + row) if RAGGED else T
    state = tl.load(after + ((row * parts + part) * C + cols) * two, mask=there, other=0)
    statei = tl.load(after + ((row * parts + part) * C + cols) * two + 1, mask=there, other=0) if two == 2 else state
    first = part * steps
    for start in tl.range(first, tl.minimum(first + steps, T), TIME, num_stages=AHEAD):
        t = T - 1 - (start + tl.arange(0, TIME)[:, None]).to(tl.int64)
        inside = (t >= 0) & there
        on = inside & (t < end)
        later = inside & (t + 1 < end)
        a_at = a + (row * a_row + (t + 1) * a_step + cols // R) * two
        g_at = g + (row * g_row + t * g_step + cols) * two
        a_t, g_t = tl.load(a_at, mask=later, other=1.0), tl.load(g_at, mask=on, other=0.0)
        ai, gi = a_t, g_t
        if two == 2:
            ai, gi = -tl.load(a_at + 1, mask=later, other=0.0), tl.load(g_at + 1, mask=on, other=0.0)
        u, ui, state, statei = states(a_t, ai, g_t, gi, state, statei, TIME, FORM)
        place = ((row * T + t) * C + cols) * two
        tl.store(grad_b + place, tl.where(on, u, 0.0), mask=inside)
        if two == 2:
            tl.store(grad_b + place + 1, tl.where(on, ui, 0.0), mask=inside)
        if WANTS_A:
            start_at = h0 + (row * C + cols) * two
            h_t = tl.load(h + place - C * two, mask=on & (t > 0), other=0.0)
            h_t += tl.load(start_at + t * 0, mask=on & (t == 0), other=0.0)
            if two == 2:
                hi = tl.load(h + place - C * two + 1, mask=on & (t > 0), other=0.0)
                hi += tl.load(start_at + t * 0 + 1, mask=on & (t == 0), other=0.0)
                tl.store(grad_a + place, tl.where(on, u * h_t + ui * hi, 0.0), mask=inside)
                tl.store(grad_a + place + 1, tl.where(on, ui * h_t - u * hi, 0.0), mask=inside)
            else:
                tl.store(grad_a + place, tl.where(on, u * h_t, 0.0), mask=inside)
    if part == parts - 1:
        a_at = a + (row * a_row + cols // R) * two
        a_t = tl.load(a_at, mask=there, other=0.0)
        if two == 2:
            ai = tl.load(a_at + 1, mask=there, other=0.0)
            tl.store(grad_h0 + (row * C + cols) * two, a_t * state + ai * statei, mask=there)
            tl.store(grad_h0 + (row * C + cols) * two + 1, a_t * statei - ai * state, mask=there)
        else:
            tl.store(grad_h0 + (row * C + cols) * two, a_t * state, mask=there)
