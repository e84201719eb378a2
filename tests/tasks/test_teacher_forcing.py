"""The share of true tokens is its formula."""

import math

import pytest

from rnnzoo.registry import UnknownName
from rnnzoo.tasks._teacher_forcing import TeacherForcing


def test_constant_is_constant():
    assert [TeacherForcing(0.7).at(step) for step in (0, 5, 10**9)] == [0.7] * 3


def test_linear_reaches_its_end_and_stays_there():
    forcing = TeacherForcing(0.9, "linear", end=0.3, steps=6)
    assert [forcing.at(step) for step in (0, 3, 6, 100)] == pytest.approx([0.9, 0.6, 0.3, 0.3])


def test_inverse_sigmoid_is_bengios_and_has_gone_half_its_way_at_k_ln_k():
    forcing = TeacherForcing(1.0, "inverse_sigmoid", steps=50)
    assert forcing.at(80) == pytest.approx(50 / (50 + math.exp(80 / 50)))
    assert forcing.at(round(50 * math.log(50))) == pytest.approx(0.5, abs=0.01)
    assert forcing.at(10**9) == pytest.approx(0)


def test_what_is_out_of_range_is_told():
    with pytest.raises(UnknownName, match="inverse_sigmoid"):
        TeacherForcing(1.0, "sigmoid", steps=5)
    with pytest.raises(ValueError, match=r"teacher_forcing is 1\.5; expected a probability"):
        TeacherForcing(1.5)
    with pytest.raises(ValueError, match="teacher_forcing_steps is 0 and the schedule is 'linear'"):
        TeacherForcing(1.0, "linear")
