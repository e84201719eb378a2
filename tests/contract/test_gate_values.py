"""What `gate_values` shows of a registered layer is what its update uses, at every step of what `forward` computes."""

import sys

import pytest
import torch
from tolerances import close

from rnnzoo import gate_values
from rnnzoo.contracts import GateValues
from rnnzoo.laws import small_cell
from rnnzoo.laws.law import example
from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._gates import gated_layers
from rnnzoo.layers._scan import ScanCell
from rnnzoo.layers._stepped import SteppedCell
from rnnzoo.registry import LAYERS

GATED = gated_layers()


def results_of(code, call):
    """What the functions with this code return while ``call()`` runs."""
    seen = []

    def spy(frame, event, result):
        if event == "return" and frame.f_code is code:
            seen.append(result)

    before = sys.getprofile()
    sys.setprofile(spy)
    try:
        call()
    finally:
        sys.setprofile(before)
    return seen


def test_the_layers_of_the_base_have_gates_and_the_simple_network_none():
    assert {"lstm", "gru", "peephole_lstm", "mingru", "minlstm"} <= set(GATED)
    assert "srn" not in GATED


def test_to_ask_which_layers_have_gates_draws_no_random_number():
    before = torch.get_rng_state()
    gated_layers()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", GATED)
def test_the_update_calls_the_gates_that_are_shown_once_a_step(name):
    cell = small_cell(LAYERS.entry(name))
    x, state = example(cell, batch=2, time=1)
    shown = gate_values(cell, x, state).gates
    cell.backend = "reference"
    if isinstance(cell, GatedCell):
        codes = {stage.gates.__code__: stage.gate_names for stage in cell.stages if stage.gates is not None}
    else:
        assert isinstance(cell, (ScanCell, SteppedCell))
        codes = {type(cell).gates.__code__: cell.gate_names}
    for code, names in codes.items():
        (used,) = results_of(code, lambda: cell.step(x[:, 0], state))
        if isinstance(cell, ScanCell):
            used = [value[:, 0] for value in used[: len(names)]]  # a scan cell's step is a sequence of one
        for gate, value in zip(names, used, strict=False):
            close(shown[gate][:, 0], value.expand_as(shown[gate][:, 0]), what=gate)


@pytest.mark.parametrize("name", GATED)
@pytest.mark.parametrize("lengths", [None, torch.tensor([3, 7, 1])], ids=["whole", "ragged"])
def test_the_states_shown_are_those_of_the_steps_and_everything_is_zero_beyond_a_rows_length(name, lengths):
    cell = small_cell(LAYERS.entry(name))
    x, state = example(cell, batch=3, time=7)
    if lengths is not None:
        for row, length in enumerate(lengths.tolist()):
            x[row, length:] = torch.nan
    shown = gate_values(cell, x, state, lengths)
    assert isinstance(shown, GateValues)
    clocks = set(getattr(cell, "clocks", ()))
    assert len(shown.states) == len(set(cell.states) - clocks)  # a window's tail is the last member, and not shown
    for row, length in enumerate([7, 7, 7] if lengths is None else lengths.tolist()):
        now = tuple(member[row : row + 1] for member in state)
        for t in range(length):
            _, now = cell.step(x[row : row + 1, t], now)
            for word, member in zip(shown.states, now, strict=False):
                close(shown.states[word][row, t], member[0], what=word)
        for values in (*shown.gates.values(), *shown.states.values()):
            assert values.shape[:2] == (3, 7)
            assert torch.equal(values[row, length:], torch.zeros_like(values[row, length:]))


@pytest.mark.parametrize("name", GATED)
def test_under_half_precision_the_values_are_near_those_of_full_precision(name):
    cell = small_cell(LAYERS.entry(name)).float()
    x = example(small_cell(LAYERS.entry(name)))[0].float()
    expected = gate_values(cell, x)
    with torch.autocast("cpu", torch.bfloat16):
        actual = gate_values(cell, x)
    for part, whole in zip(actual, expected, strict=True):
        for word, value in part.items():
            assert value.dtype == torch.float32
            torch.testing.assert_close(value, whole[word], rtol=0.1, atol=0.1)


@pytest.mark.parametrize("name", GATED)
def test_gates_come_in_the_order_declared_and_no_name_is_used_twice(name):
    cell = small_cell(LAYERS.entry(name))
    shown = gate_values(cell, example(cell)[0])
    assert tuple(shown.gates) == tuple(cell.gate_names)
    assert len(set(cell.gate_names)) == len(cell.gate_names)
    assert not set(shown.gates) & set(shown.states)
