"""The cells whose state is a matrix: every option against the oracle, chunks, sizes, and RWKV-7's first values."""

import importlib

import numpy as np
import pytest
import torch
from oracles import rwkv7
from tolerances import close

import rnnzoo
from rnnzoo.layers._matrix import MatrixCell
from rnnzoo.layers.rwkv7 import RWKV7
from rnnzoo.registry import LAYERS, UnknownName

CELLS = [entry for entry in LAYERS.entries() if issubclass(entry.target, MatrixCell)]
OPTIONS = [
    ("linear_attention", {"bias": False, "value_size": 5}),
    ("linear_attention", {}),
    ("retnet", {"num_heads": 3, "key_size": 2, "value_size": 1}),
    ("retnet", {}),
    ("gla", {"num_heads": 4, "temperature": 2.0}),
    ("gla", {"value_size": 5, "low_rank": 1}),
    ("hgrn2", {"num_heads": 4, "key_size": 1}),
    ("hgrn2", {"layer_index": 2, "num_layers": 3}),
    ("mamba2", {"key_size": 2, "expand": 3, "num_heads": 6, "bias": False}),
    ("mamba2", {"key_size": 5, "conv_size": 1, "value_size": 3}),
    ("deltanet", {"negative_eigenvalues": True, "bias": False}),
    ("deltanet", {"conv_size": 1, "num_heads": 4}),
    ("gated_deltanet", {"negative_eigenvalues": True, "num_heads": 4}),
    ("gated_deltanet", {"conv_size": 2, "value_size": 1, "bias": False}),
    ("kda", {"negative_eigenvalues": True, "num_heads": 2}),
    ("kda", {"low_rank": 1, "value_size": 3, "bias": False}),
    ("delta_product", {"num_householder": 3, "forget_gate": False}),
    ("delta_product", {"num_householder": 1, "negative_eigenvalues": False, "bias": False}),
    ("delta_product", {"num_heads": 2, "num_householder": 4, "conv_size": 1}),
    ("rwkv5", {"num_heads": 4, "value_size": 2}),
    ("rwkv6", {"mix_rank": 1, "decay_rank": 3}),
    ("rwkv7", {"num_heads": 4, "key_size": 3}),
    ("mlstm", {"forget_gate": "exp", "num_heads": 4, "key_size": 2}),
    ("mlstm", {"bias": False}),
]


def cell(name, I=3, H=4, *, noise=0.2, **options):
    made = LAYERS.entry(name).target(I, H, dtype=torch.float64, **options)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=noise)
    return made


def sequence(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def in_numpy(made):
    return {name: value.detach().numpy() for name, value in made.named_parameters()}


@pytest.mark.parametrize(
    ("name", "options"), OPTIONS, ids=lambda value: "-".join(value) if type(value) is dict else value
)
def test_every_option_equals_the_oracle(name, options):
    oracle = importlib.import_module(f"oracles.{name}").oracle
    made = cell(name, **options)
    with torch.no_grad():
        state = made(sequence(2, 4, 3))[1]
        y, final = made(x := sequence(2, 9, 3), state)
    asked = {key: value for key, value in options.items() if key not in ("bias", "value_size")}
    given = [member.numpy() for member in state]
    if options.get("conv_size") == 1:
        given.append(np.empty((2, 0, len(made.conv_weight))))  # a tail of no step, which the layer leaves out
    expected, last = oracle(x.numpy(), tuple(given), in_numpy(made), **asked)
    close(y, torch.from_numpy(expected))
    close(final, tuple(map(torch.from_numpy, last[: len(final)])))


@pytest.mark.parametrize("entry", CELLS, ids=lambda entry: entry.name)
def test_the_chunks_are_no_part_of_the_function(entry):
    small, large = (cell(entry.name) for _ in range(2))
    large.load_state_dict(small.state_dict())
    small.chunk_size, x = 8, sequence(2, 37, 3)
    close(small(x), large(x))


def stack(**options):
    made = rnnzoo.RWKV7(3, 4, num_layers=3, num_heads=2, low_rank=2, batch_first=True, dtype=torch.float64, **options)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.2)
    return made


def authors(cells, x):
    """One layer of RWKV-7 after another, as the authors' NumPy has them; the first one's values go to all."""
    first = None
    for i, one in enumerate(cells):
        start = tuple(member.numpy() for member in one.initial_state(x.shape[0]))
        weights = in_numpy(one)
        seen, x = x, rwkv7.oracle(x, start, weights, first=first)[0]
        first = rwkv7.values(seen, start, weights) if not i else first
    return x


def test_a_stack_of_rwkv7_is_the_authors_with_the_first_layers_values():
    made, x = stack(), sequence(2, 9, 3)
    y, state = made(x)
    close(y.detach(), torch.from_numpy(authors(made.cells, x.numpy())))
    part, between = made(x[:, :4])
    rest = []
    for t in range(4, 9):
        out, between = made.step(x[:, t], between)
        rest.append(out)
    close(torch.cat((part, torch.stack(rest, 1)), 1), y)
    close(between, state)


def test_each_direction_of_rwkv7_has_first_values_of_its_own():
    made, x = stack(bidirectional=True), sequence(2, 5, 3)
    lengths = torch.tensor([5, 3])
    y, _ = made(x, lengths=lengths)
    alone, _ = made(x[1:, :3])
    close(y[1:, :3], alone)
    moved, _ = made(torch.cat((x[:, :4], x[:, 4:] + 1), 1))
    assert (moved[0, 0] != y[0, 0]).any()


def test_the_gates_of_an_upper_layer_of_rwkv7_are_those_it_runs_with():
    made, x = stack(), sequence(2, 6, 3)
    shown = rnnzoo.gate_values(made, x)
    assert set(shown) == {"l0", "l1", "l2"}
    _, state = made(x)
    for i in range(3):
        close(shown[f"l{i}"].states["S"][:, -1], state[i][0])


def test_an_upper_layer_of_rwkv7_by_itself_says_what_it_needs():
    alone = RWKV7(4, 4, layer_index=1, num_layers=2)
    x = torch.randn(2, 5, 4)
    for call in (alone, alone.gate_values, lambda x: alone.step(x[:, 0], alone.initial_state(2))):
        with pytest.raises(ValueError, match=r"layer 1 of a stack of RWKV-7.*give first=\(batch, time, 4\)"):
            call(x)
    assert alone(x, first=torch.randn(2, 5, 4))[0].shape == (2, 5, 4)


@pytest.mark.parametrize("name", ["hgrn2", "rwkv5", "rwkv6", "rwkv7"])
def test_a_place_outside_the_stack_is_refused(name):
    with pytest.raises(ValueError, match="layer_index is 2; expected 0 to 1"):
        LAYERS.entry(name).target(3, 4, layer_index=2, num_layers=2)


@pytest.mark.parametrize("entry", CELLS, ids=lambda entry: entry.name)
def test_sizes_that_do_not_fit_name_both_sides(entry):
    make = entry.target
    with pytest.raises(ValueError, match="hidden_size is 5 and num_heads 3"):
        make(3, 5, num_heads=3)
    with pytest.raises(ValueError, match="chunk_size is 12; expected a power of two from 8"):
        make(3, 4, chunk_size=12)
    with pytest.raises(ValueError, match="key_size is 0"):
        make(3, 4, key_size=0)


def test_what_only_one_cell_refuses():
    with pytest.raises(ValueError, match="key_size is 3; expected an even number"):
        rnnzoo.RetNet(3, 4, key_size=3)
    with pytest.raises(ValueError, match="value_size is 3 and num_heads 2; expected them to make hidden_size, 4"):
        rnnzoo.MLSTM(3, 4, num_heads=2, value_size=3)
    with pytest.raises(UnknownName, match="unknown forget_gate 'sigmod'; did you mean sigmoid"):
        rnnzoo.MLSTM(3, 4, forget_gate="sigmod")


@pytest.mark.parametrize("entry", CELLS, ids=lambda entry: entry.name)
def test_a_step_costs_the_same_state_whatever_came_before(entry):
    made = cell(entry.name)
    sizes = [[member.numel() for member in made(sequence(1, T, 3))[1]] for T in (1, 50)]
    assert sizes[0] == sizes[1]
