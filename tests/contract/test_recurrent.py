"""Every registered layer behaves as torch.nn.LSTM does: depth, direction, ragged batches, streams, copies, names."""

import copy
import inspect
import io
import pickle

import pytest
import torch
from tolerances import close
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import rnnzoo
from rnnzoo.ops.ragged import reverse_by_length
from rnnzoo.recurrent.page import backends
from rnnzoo.registry import LAYERS

I, H, B, T = 3, 4, 3, 6
ENTRIES = LAYERS.entries()
OPEN = {"phased_lstm": {"ratio_on": 1.0}}
"""By default its gates are closed at nearly every one of so few steps, and then no weight is used."""
every_layer = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
TRAINED = [entry for entry in ENTRIES if "parameters_get_gradients" not in entry.exemptions]
every_trained_layer = pytest.mark.parametrize("entry", TRAINED, ids=lambda entry: entry.name)


def make(entry, **options):
    """In evaluation mode, where no row of a batch sees another."""
    options = OPEN.get(entry.name, {}) | options
    return getattr(rnnzoo, entry.class_name)(I, H, dtype=torch.float64, **options).eval()


def members(hx):
    """All tensors of a state; where layers differ in the shapes of theirs (an input's width), those of each cell."""
    if isinstance(hx, tuple) and isinstance(hx[0], tuple):
        return tuple(member for state in hx for member in state)
    return hx if isinstance(hx, tuple) else (hx,)


def of_cells(hx, count):
    """The state of each of ``count`` cells."""
    if isinstance(hx, tuple) and isinstance(hx[0], tuple):
        return list(hx)
    return [tuple(m[i] for m in members(hx)) for i in range(count)]


def of_row(hx, b):
    """The state of one row of the batch, without a batch."""
    if isinstance(hx, tuple) and isinstance(hx[0], tuple):
        return tuple(tuple(m[b] for m in state) for state in hx)
    return tuple(m[:, b] for m in hx) if isinstance(hx, tuple) else hx[:, b]


def sequence(*shape):
    return torch.randn(*shape, dtype=torch.float64)


@every_layer
def test_shapes_are_torchs(entry):
    layer = make(entry, num_layers=2, bidirectional=True)
    O = layer.cells[0].output_size
    shapes = [[tuple(shape) for shape in cell.state_shapes] for cell in layer.cells]
    alike = all(each == shapes[0] for each in shapes)
    for lead in ((B,), ()):
        y, hn = layer(sequence(T, *lead, I))
        assert y.shape == (T, *lead, 2 * O)
        if alike:
            assert [m.shape for m in members(hn)] == [(4, *lead, *shape) for shape in shapes[0]]
            assert isinstance(hn, tuple) == (len(shapes[0]) > 1)
        else:
            assert [[m.shape for m in state] for state in hn] == [[(*lead, *s) for s in each] for each in shapes]


@every_layer
def test_batch_first_is_a_transpose(entry):
    layer = make(entry, num_layers=2)
    x = sequence(T, B, I)
    y, hn = layer(x)
    layer.batch_first = True
    y_first, hn_first = layer(x.transpose(0, 1))
    close(y_first.transpose(0, 1), y)
    close(hn_first, hn)


@every_layer
def test_the_second_direction_is_the_first_on_the_flipped_sequence(entry):
    layer, forward, backward = make(entry, bidirectional=True), make(entry), make(entry)
    forward.cells[0].load_state_dict(layer.cells[0].state_dict())
    backward.cells[0].load_state_dict(layer.cells[1].state_dict())
    x, lengths = sequence(B, T, I), torch.tensor([T, 2, 4])
    for module in (layer, forward, backward):
        module.batch_first = True
    y, hn = layer(x, lengths=lengths)
    y_forward, hn_forward = forward(x, lengths=lengths)
    y_backward, hn_backward = backward(reverse_by_length(x, lengths), lengths=lengths)
    close(y, torch.cat([y_forward, reverse_by_length(y_backward, lengths)], -1))
    for m, f, b in zip(members(hn), members(hn_forward), members(hn_backward), strict=True):
        close(m, torch.cat([f, b]))


@every_layer
def test_two_layers_are_one_after_the_other(entry):
    layer = make(entry, num_layers=2)
    x = sequence(T, B, I)
    _, hx = layer(sequence(2, B, I))
    y, hn = layer(x, hx)
    out, finals, handed = x.transpose(0, 1), [], {}
    for i, cell in enumerate(layer.cells):
        state = of_cells(hx, 2)[i]
        above, handed = handed, {"first": cell.first_value(out, state, None)} if hasattr(cell, "first_value") else {}
        out, final = cell(out, state, **above)
        finals.append(final)
    close(y, out.transpose(0, 1))
    close(of_cells(hn, 2), finals)


@every_layer
@pytest.mark.parametrize("bidirectional", [False, True])
def test_lengths_equal_packing_and_rows_alone(entry, bidirectional):
    layer = make(entry, num_layers=2, bidirectional=bidirectional)
    x, lengths = sequence(T, B, I), [2, T, 4]
    _, hx = layer(sequence(2, B, I))
    packed, hn_packed = layer(pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False), hx)
    for b, length in enumerate(lengths):
        x[length:, b] = torch.nan
    y, hn = layer(x, hx, lengths=lengths)
    close(y, pad_packed_sequence(packed)[0])
    close(hn, hn_packed)
    for b, length in enumerate(lengths):
        alone, final = layer(x[:length, b], of_row(hx, b))
        close(y[:length, b], alone)
        assert not y[length:, b].any()
        close(members(of_row(hn, b)), members(final))


@every_layer
def test_lengths_of_one_row_without_a_batch(entry):
    layer = make(entry)
    x = sequence(T, I)
    y, hn = layer(x, lengths=[4])
    alone, final = layer(x[:4])
    close(y[:4], alone)
    assert not y[4:].any()
    close(hn, final)


@every_layer
def test_a_stream_of_steps_is_the_sequence(entry):
    layer = make(entry, num_layers=2).eval()
    x = sequence(T, B, I)
    y, hn = layer(x)
    hx, stepped = None, []
    for t in range(T):
        out, hx = layer.step(x[t], hx)
        stepped.append(out)
    close(torch.stack(stepped), y)
    close(hx, hn)


@every_trained_layer
def test_copies_pickles_and_files_compute_the_same(entry):
    layer = make(entry, num_layers=2, bidirectional=True)
    x = sequence(T, B, I)
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), torch.load(file, weights_only=False)):
        assert type(other) is getattr(rnnzoo, entry.class_name)
        close(other(x), layer(x))
        with torch.no_grad():
            next(other.parameters()).add_(1)
        assert not torch.equal(other(x)[0], layer(x)[0])


@every_layer
def test_moves_to_another_dtype(entry):
    layer = make(entry, num_layers=2).float()
    y, hn = layer(torch.randn(T, B, I))
    assert {y.dtype, *(m.dtype for m in members(hn) if m.is_floating_point())} == {torch.float32}


@every_trained_layer
def test_flat_names_reach_the_cells_parameters(entry):
    layer = make(entry, num_layers=2, bidirectional=True)
    state = layer.state_dict()
    assert len(state) == sum(1 for cell in layer.cells for _ in cell.state_dict())
    for i, suffix in enumerate(("l0", "l0_reverse", "l1", "l1_reverse")):
        for name, parameter in layer.cells[i].named_parameters():
            assert getattr(layer, f"{name}_{suffix}") is parameter
            assert state[f"{name}_{suffix}"].data_ptr() == parameter.data_ptr()
    name, parameter = next(iter(layer.cells[1].named_parameters()))
    new = nn.Parameter(torch.zeros_like(parameter))
    setattr(layer, f"{name}_l0_reverse", new)
    assert layer.cells[1].get_parameter(name) is new
    assert len(list(layer.parameters())) == sum(1 for cell in layer.cells for _ in cell.parameters())


@every_layer
def test_loading_reports_in_torchs_names(entry):
    layer = make(entry, num_layers=2)
    model = nn.Sequential(layer)
    state = dict(model.state_dict())
    name = next(key for key in state if key.endswith("_l1"))
    state["0.weight_xy_l9"] = state.pop(name)
    with pytest.raises(RuntimeError, match="weight_xy_l9") as raised:
        model.load_state_dict(state)
    assert f'"{name}"' in str(raised.value)
    assert "cells" not in str(raised.value)


@every_layer
def test_every_backend_runs_the_stack_and_says_so(entry):
    layer = make(entry, num_layers=2, bidirectional=True)
    x = sequence(T, B, I)
    expected = layer(x)
    for backend in backends(entry):
        layer.backend = backend
        close(layer(x), expected)
        assert layer.last_backend == backend
    assert getattr(rnnzoo, entry.class_name)(I, H, backend="reference").backend == "reference"


@every_trained_layer
def test_autocast_gives_finite_results(entry):
    layer = make(entry, num_layers=2, bidirectional=True).float()
    with torch.autocast("cpu", torch.bfloat16):
        y, hn = layer(torch.randn(T, B, I), lengths=[T, 2, 3])
    y.float().sum().backward()
    assert all(m.isfinite().all() for m in (y, *members(hn)))
    assert all(p.grad is None or p.grad.isfinite().all() for p in layer.parameters())


@every_layer
def test_create_layer_is_the_class_and_its_signature_shows_the_options(entry):
    layer = rnnzoo.create_layer(entry.name, I, H, 2, batch_first=True)
    assert type(layer) is getattr(rnnzoo, entry.class_name)
    assert (layer.num_layers, layer.batch_first) == (2, True)
    parameters = inspect.signature(type(layer)).parameters
    assert list(parameters)[:3] == ["input_size", "hidden_size", "num_layers"]
    assert "options" not in parameters
    assert entry.paper.title in type(layer).__doc__


def test_dropout_falls_between_layers_and_not_after_the_last():
    layer = rnnzoo.create_layer("mingru", I, H, 2, dropout=1.0)
    x = torch.randn(T, B, I)
    y, _ = layer(x)
    silent, _ = layer.cells[1](torch.zeros(B, T, H))
    close(y, silent.transpose(0, 1))
    assert not torch.equal(layer.eval()(x)[0], y)
    stepped = torch.stack([layer.train().step(x[0])[0]])
    close(stepped, silent[:, :1].transpose(0, 1))


@every_trained_layer
def test_weights_are_read_where_they_stand(entry):
    layer = make(entry, num_layers=2)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.3)  # a row of zeros has no direction
    x = sequence(T, B, I)
    before = layer(x)[0]
    halved = {name: parameter / 2 for name, parameter in layer.named_parameters()}
    swapped = torch.func.functional_call(layer, halved, (x,))[0]
    close(layer(x)[0], before)
    name = next(iter(dict(layer.cells[0].named_parameters())))
    path, _, leaf = name.rpartition(".")
    nn.utils.parametrizations.weight_norm(owner := layer.cells[0].get_submodule(path), leaf)
    close(layer(x)[0], before)
    nn.utils.parametrize.remove_parametrizations(owner, leaf)
    assert not layer.load_state_dict(halved, strict=False).unexpected_keys  # buffers stay as they are
    close(layer(x)[0], swapped)
    layer.cells[0] = copy.deepcopy(layer.cells[0]).requires_grad_(False)
    getattr(layer.cells[0], "weight_ih", next(layer.cells[0].parameters())).zero_()
    assert not torch.equal(layer(x)[0], swapped)


def test_subclasses_set_their_own_arguments():
    class Tagger(rnnzoo.GRU):
        def __init__(self):
            super().__init__(I, H, bidirectional=True)

    assert Tagger()(torch.randn(T, B, I))[0].shape == (T, B, 2 * H)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["LSTM", "MinGRU"])
def test_stack_compiles_to_one_graph(name):
    layer = getattr(rnnzoo, name)(I, H, num_layers=2, bidirectional=True)
    x = torch.randn(3, B, I)
    torch.compiler.reset()
    close(torch.compile(layer, backend="aot_eager", fullgraph=True)(x), layer(x))
