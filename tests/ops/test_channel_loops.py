"""In the loops over channels everything is there when it is needed, and nothing costly is evaluated twice."""

import pytest
import torch
from torch.nn.functional import layer_norm

from rnnzoo.ops._channel_loops import schedule
from rnnzoo.ops._pointwise import trace
from rnnzoo.ops._scalars import COMPARISONS, CUMULATIVE, LEAVES, OF_A_ROW, UNARY


def normed(a, h):
    c = torch.sigmoid(layer_norm(a, a.shape[-2:])[..., 0, :]) * h
    return torch.tanh(layer_norm(c, c.shape[-1:])), c


UPDATES = {
    "pointwise": lambda a, h: (torch.tanh(a[..., 0, :]) * h, h),
    "two norms": normed,
    "cumulative softmax": lambda a, h: (a.softmax(-1).cumsum(-1)[..., 1, :] * h, h.exp()),
    "exponential of a sum, and again": lambda a, h: ((h.exp() + h.exp().sum(-1, True)).tanh(), h),
}
PROGRAMS = {
    f"{name}, {direction}": program
    for name, update in UPDATES.items()
    for direction, program in zip(("forward", "backward"), trace(update, [2, None], mixing=True), strict=True)
}
every_program = pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)


@every_program
def test_what_a_loop_uses_is_there(program):
    rows, stored = set(), set()
    loops, places = schedule(program)
    for loop in loops:
        for number in loop.before:
            operation, arguments = program.scalars[number]
            if operation in OF_A_ROW or operation in CUMULATIVE:
                (argument,) = arguments
                assert argument in stored or program.scalars[argument].operation == "input"
            elif operation not in LEAVES:
                assert all(a in rows or program.scalars[a].operation == "constant" for a in arguments)
            (stored if operation in CUMULATIVE else rows).add(number)
        assert set(loop.loads) <= stored
        there = rows | set(loop.loads)
        for number in loop.body:
            operation, arguments = program.scalars[number]
            assert operation in LEAVES or set(arguments) <= there
            there.add(number)
        assert set(loop.stores) <= there
        stored |= set(loop.stores)
    wanted = {number for result in program.results for number in result if number is not None}
    assert wanted <= there
    assert stored == set(places)
    assert sorted(places.values()) == list(range(len(places)))


@every_program
def test_no_elementary_function_is_evaluated_twice(program):
    bodies = [number for loop in schedule(program).loops for number in loop.body]
    again = {program.scalars[number].operation for number in bodies if bodies.count(number) > 1}
    assert not again & {*UNARY, "divide"}
    assert again <= {*LEAVES, *COMPARISONS, "add", "subtract", "multiply", "negate"}


def test_a_pointwise_update_is_one_loop_that_stores_nothing():
    for name, program in PROGRAMS.items():
        if name.startswith("pointwise"):
            (loop,) = schedule(program).loops
            assert (loop.before, loop.loads, loop.stores) == ([], [], [])
            assert loop.body == list(range(len(program.scalars)))


def test_a_norm_forward_waits_for_its_mean_and_its_variance_and_no_longer():
    forward, _ = trace(lambda h: (layer_norm(h, h.shape[-1:]),), [None], mixing=True)
    assert len(schedule(forward).loops) == 3
