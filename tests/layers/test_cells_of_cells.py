"""The dilated and the fast-slow RNN: around any cell, against their definitions, in stacks and ragged batches."""

import copy
import inspect

import pytest
import torch
from cell_oracle import equals_oracle
from tolerances import close

import rnnzoo
from rnnzoo.laws import LAWS
from rnnzoo.laws.law import example, run, same_run, small_cell
from rnnzoo.layers.dilated import DilatedRNN
from rnnzoo.layers.fast_slow import FastSlowRNN
from rnnzoo.registry import LAYERS, UnknownName


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("dilated", {}),
        ("dilated", {"base": 3, "layer_index": 1, "num_layers": 2, "bias": False}),
        ("dilated", {"layer_index": 3, "num_layers": 4}),
        ("fast_slow", {"fast_cells": 4}),
        ("fast_slow", {"bias": False, "slow_size": 2}),
    ],
    ids=str,
)
def test_every_option_equals_the_oracle(name, options):
    equals_oracle(name, 3, 4, **options)


@pytest.mark.parametrize("cell", ["srn", "gru", "lstm", "mingru", "indrnn", "batch_norm_lstm", "hgrn", "s5"])
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_a_dilated_cell_is_the_cell_over_every_sth_step(cell, dilation):
    made = DilatedRNN(3, 4, cell=cell, base=dilation, layer_index=1, num_layers=2, dtype=torch.float64).eval()
    x, state = example(made, batch=2, time=11)
    y, final = made(x, state)
    for lane in range(dilation):
        alone, end = made.inner(x[:, lane::dilation], tuple(member[:, lane] for member in state))
        close(y[:, lane::dilation].detach(), alone.detach())
        slot = (lane - 11) % dilation  # the next step is the first slot's
        close(tuple(member[:, slot].detach() for member in final), tuple(member.detach() for member in end))


@pytest.mark.parametrize("dilation", [2, 5])
def test_ragged_rows_shorter_than_the_dilation_keep_the_states_of_idle_lanes(dilation):
    made = DilatedRNN(3, 4, base=dilation, layer_index=1, num_layers=2, dtype=torch.float64)
    x, state = example(made, batch=4, time=7)
    lengths = torch.tensor([1, 7, 3, 4])
    for row, length in enumerate(lengths):
        x[row, length:] = torch.nan

    def stepped(x, state):
        outputs, finals = [], []
        for row, length in enumerate(lengths):
            now = tuple(member[row : row + 1] for member in state)
            y = []
            for t in range(length):
                out, now = made.step(x[row : row + 1, t], now)
                y.append(out)
            outputs.append(torch.nn.functional.pad(torch.cat(y), (0, 0, 0, 7 - int(length))))
            finals.append(now)
        return torch.stack(outputs), tuple(torch.cat(members) for members in zip(*finals, strict=True))

    same_run(run(made, lambda x, s: made(x, s, lengths), x, state), run(made, stepped, x, state), "ragged")


def test_dilations_grow_by_a_power_with_each_layer_and_the_first_is_the_cell_itself():
    stack = rnnzoo.DilatedRNN(3, 5, num_layers=4, base=3, dtype=torch.float64)
    assert [cell.dilation for cell in stack.cells] == [1, 3, 9, 27]
    assert not {"layer_index"} & set(inspect.signature(rnnzoo.DilatedRNN).parameters)
    one = rnnzoo.DilatedRNN(3, 5, cell="gru", dtype=torch.float64)
    gru = rnnzoo.GRU(3, 5, dtype=torch.float64)
    gru.load_state_dict({name.removeprefix("inner."): value for name, value in one.state_dict().items()})
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    close(one(x)[0].detach(), gru(x)[0].detach())


def test_a_layer_sees_nothing_of_the_steps_between():
    made = DilatedRNN(3, 4, base=4, layer_index=1, num_layers=2, dtype=torch.float64)
    x = torch.randn(1, 9, 3, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(made(x)[0][0, 8].sum(), x)
    assert gradient[0].any(1).tolist() == [True, False, False, False, True, False, False, False, True]


def test_the_dilated_cell_runs_by_the_backends_of_its_cell():
    made = DilatedRNN(3, 4, cell="gru", layer_index=1, num_layers=2)
    assert made.backends == made.inner.backends
    made.backend = "torch"
    made(torch.randn(2, 5, 3))
    assert made.last_backend == made.inner.last_backend == "torch"


def test_options_reach_the_cell():
    made = DilatedRNN(3, 4, cell="srn", cell_options={"nonlinearity": "relu"})
    assert made.inner.nonlinearity == "relu"
    assert (made(torch.randn(2, 5, 3))[0] >= 0).all()


@pytest.mark.parametrize(
    ("fast", "slow"), [("gru", "lstm"), ("srn", "mingru"), ("lem", "s5"), ("lstm", "batch_norm_lstm")]
)
def test_fast_and_slow_cells_of_any_kind_obey_the_laws_of_sequences(fast, slow):
    entry = LAYERS.entry("fast_slow")

    def make():
        torch.manual_seed(0)
        return FastSlowRNN(3, 4, fast=fast, slow=slow, fast_cells=3, slow_size=6, dtype=torch.float64).eval()

    for law in ("shapes", "whole_is_chunked", "padding_changes_nothing", "default_state"):
        LAWS[law](make, entry)


def test_the_slow_cell_moves_once_a_step_and_is_read_by_the_second_fast_cell_alone():
    made = small_cell(LAYERS.entry("fast_slow"))
    x, state = example(made, batch=2, time=1)
    y, _ = made.step(x[:, 0], state)
    first, fast = made.fast_chain[0].step(x[:, 0], state[:2])
    read, slow = made.slow_cell.step(first, state[2:])
    expected, fast = made.fast_chain[1].step(read, fast)
    close(y.detach(), expected.detach())
    close(made.step(x[:, 0], state)[1], (*fast, *slow))


@pytest.mark.parametrize("kind", [rnnzoo.DilatedRNN, rnnzoo.FastSlowRNN])
def test_copies_train_apart(kind):
    one = kind(3, 4, num_layers=2)
    other = copy.deepcopy(one)
    x = torch.randn(5, 2, 3)
    one(x)[0].sum().backward()
    assert all(parameter.grad is None for parameter in other.parameters())
    assert all(parameter.grad is not None for parameter in one.parameters())


@pytest.mark.parametrize(
    ("kind", "options", "error", "message"),
    [
        (DilatedRNN, {"cell": "lstn"}, UnknownName, "unknown layer 'lstn'; did you mean lstm"),
        (DilatedRNN, {"base": 0}, ValueError, "base is 0"),
        (DilatedRNN, {"layer_index": 2, "num_layers": 2}, ValueError, "layer_index is 2; expected 0 to 1"),
        (FastSlowRNN, {"fast": "grue"}, UnknownName, "unknown layer 'grue'; did you mean gru"),
        (FastSlowRNN, {"fast_cells": 1}, ValueError, "fast_cells is 1; expected 2 or more"),
        (FastSlowRNN, {"slow_size": 0}, ValueError, "slow_size is 0"),
    ],
)
def test_bad_options_are_named(kind, options, error, message):
    with pytest.raises(error, match=message):
        kind(3, 4, **options)
