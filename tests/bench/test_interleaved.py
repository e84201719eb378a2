"""The arithmetic of interleaved rounds, under a clock that only the candidates move."""

import pytest
import torch

from rnnzoo.bench.interleaved import Ratio, interleave, ratios, threads
from rnnzoo.registry import UnknownName


class Machine:
    """A clock, and candidates that take the seconds they are told to, each call its own."""

    def __init__(self, **seconds):
        self.time, self.called, self._left = 0.0, [], {name: iter(values) for name, values in seconds.items()}
        self.candidates = {name: lambda name=name: self._work(name) for name in seconds}

    def now(self):
        return self.time

    def _work(self, name):
        self.called.append(name)
        self.time += next(self._left[name])


def test_every_candidate_is_timed_once_a_round_and_the_first_rounds_are_dropped():
    machine = Machine(a=[9, 9, 1, 2, 3], b=[9, 9, 4, 5, 6])
    measured = interleave(machine.candidates, rounds=3, drop=2, now=machine.now)
    assert measured == {"a": [1, 2, 3], "b": [4, 5, 6]}


def test_each_candidate_begins_as_often_as_the_others():
    machine = Machine(a=[1] * 6, b=[1] * 6, c=[1] * 6)
    interleave(machine.candidates, rounds=6, drop=0, now=machine.now)
    begins = machine.called[::3]
    assert {name: begins.count(name) for name in "abc"} == {"a": 2, "b": 2, "c": 2}
    assert all(sorted(machine.called[i : i + 3]) == ["a", "b", "c"] for i in range(0, 18, 3))


@pytest.mark.parametrize(("seconds", "rounds"), [(6, 3), (0, 2), (float("inf"), 8)])
def test_no_round_begins_once_the_time_is_spent_but_the_least_are_made(seconds, rounds):
    machine = Machine(a=[1] * 9, b=[1] * 9)
    measured = interleave(machine.candidates, rounds=8, drop=1, seconds=seconds, least=2, now=machine.now)
    assert len(measured["a"]) == len(measured["b"]) == rounds


def test_ratios_are_taken_within_a_round():
    measured = {"base": [1.0, 10.0, 100.0], "twice": [2.0, 20.0, 200.0], "late": [20.0, 10.0, 100.0]}
    found = ratios(measured, "base")
    assert found["twice"] == Ratio(2.0, 2.0, 2.0)
    assert found["late"] == Ratio(1.0, 1.0, 10.5)  # the ratio of the medians would be 2
    assert found["base"] == Ratio(1.0, 1.0, 1.0)


def test_one_round_has_a_ratio_too():
    assert ratios({"a": [2.0], "b": [3.0]}, "a")["b"] == Ratio(1.5, 1.5, 1.5)


def test_an_unknown_baseline_is_answered_with_near_misses():
    with pytest.raises(UnknownName, match=r"did you mean torch\.nn"):
        ratios({"torch.nn": [1.0], "ours": [1.0]}, "torch.n")


@pytest.mark.parametrize("wrong", [{"rounds": 0}, {"rounds": 3, "drop": -1}])
def test_no_rounds_are_refused(wrong):
    with pytest.raises(ValueError, match="expected at least 1 round"):
        interleave({"a": list}, **wrong)


def test_the_number_of_threads_is_put_back_after_an_error():
    before = torch.get_num_threads()
    seen = []

    def fail():
        with threads(before + 1):
            seen.append(torch.get_num_threads())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert seen == [before + 1]
    assert torch.get_num_threads() == before
