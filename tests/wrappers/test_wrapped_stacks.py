"""Wrappers in one line: around the cells of a stack, in a task's configuration; weights keep the cells' names."""

import copy
import pickle

import pytest
import torch
from tolerances import close
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import rnnzoo
from rnnzoo.recurrent.gates import gate_values
from rnnzoo.wrappers import WrapperError, innermost

I, H, B, T = 3, 4, 3, 6
ALL = {"weight_drop": {"p": 0.3}, "zoneout": {"p": {"c": 0.2}}, "layer_norm": None, "learned_state": None}


def stack(**options):
    return rnnzoo.LSTM(I, H, num_layers=2, bidirectional=True, dtype=torch.float64, **options).eval()


def test_the_class_create_layer_and_recurrent_take_wrappers():
    made = [
        rnnzoo.LSTM(I, H, wrappers={"zoneout": {"p": 0.1}}),
        rnnzoo.create_layer("lstm", I, H, wrappers={"zoneout": {"p": 0.1}}),
        rnnzoo.Recurrent("lstm", I, H, wrappers={"zoneout": {"p": 0.1}}),
    ]
    for layer in made:
        assert layer.cells[0].name == "zoneout"
        assert "wrappers={'zoneout': {'p': 0.1}}" in repr(layer)


def test_lengths_packing_rows_alone_and_streams_agree():
    layer = stack(wrappers=ALL)
    x, lengths = torch.randn(T, B, I, dtype=torch.float64), [2, T, 4]
    packed, packed_final = layer(pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False))
    y, final = layer(x, lengths=lengths)
    close(pad_packed_sequence(packed)[0], y)
    close(packed_final, final)
    for b, length in enumerate(lengths):
        close(layer(x[:length, b])[0], y[:length, b])
    stream = rnnzoo.LSTM(I, H, num_layers=2, dtype=torch.float64, wrappers=ALL).eval()
    hx, stepped = None, []
    for t in range(T):
        out, hx = stream.step(x[t], hx)
        stepped.append(out)
    close(torch.stack(stepped), stream(x)[0])


def test_every_layer_and_direction_learns_a_state_of_its_own():
    layer = stack(wrappers={"learned_state": None})
    names = [f"initial_{member}_{suffix}" for suffix in ("l0", "l0_reverse", "l1", "l1_reverse") for member in "hc"]
    assert set(names) == {name for name in layer.state_dict() if name.startswith("initial")}
    layer(torch.randn(T, B, I, dtype=torch.float64))[0].sum().backward()
    assert all(bool((getattr(layer, name).grad != 0).any()) for name in names)


def test_weights_have_the_names_they_have_without_wrappers():
    plain, wrapped = stack(), stack(wrappers={"weight_drop": None, "zoneout": {"p": 0.0}})
    assert list(wrapped.state_dict()) == list(plain.state_dict())
    wrapped.load_state_dict(plain.state_dict())
    x = torch.randn(T, B, I, dtype=torch.float64)
    close(wrapped(x), plain(x))
    plain.load_state_dict(wrapped.state_dict())
    assert wrapped.weight_hh_l1_reverse is innermost(wrapped.cells[3]).weight_hh
    new = torch.nn.Parameter(torch.zeros_like(wrapped.weight_ih_l0))
    wrapped.weight_ih_l0 = new
    assert innermost(wrapped.cells[0]).weight_ih is new


def test_loading_reports_missing_and_strange_tensors_by_those_names():
    layer = stack(wrappers=ALL)
    state = dict(layer.state_dict())
    assert "layer_norm.weight_l0" in state
    state["weight_xy_l0"] = state.pop("weight_hh_l0")
    with pytest.raises(RuntimeError, match="weight_xy_l0") as raised:
        layer.load_state_dict(state)
    assert '"weight_hh_l0"' in str(raised.value)
    assert "cell" not in str(raised.value).replace("Error(s) in loading", "")


def test_copies_and_pickles_compute_the_same():
    layer = stack(wrappers=ALL)
    x = torch.randn(T, B, I, dtype=torch.float64)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        close(other(x), layer(x))


def test_layers_that_share_parameters_and_know_their_place_do_so_wrapped():
    layer = rnnzoo.HGRN(I, H, num_layers=3, wrappers={"zoneout": None})
    cells = [innermost(cell) for cell in layer.cells]
    assert [cell.layer_index for cell in cells] == [0, 1, 2]
    assert cells[1].Gamma is cells[2].Gamma


def test_gates_are_shown_where_the_wrapper_leaves_them_as_they_are():
    x = torch.randn(T, B, I, dtype=torch.float64)
    dropped, plain = stack(wrappers={"weight_drop": None}), stack()
    dropped.load_state_dict(plain.state_dict())
    close(gate_values(dropped, x)["l1"].gates["forget"], gate_values(plain, x)["l1"].gates["forget"])
    with pytest.raises(ValueError, match="zoneout around lstm"):
        gate_values(stack(wrappers={"zoneout": None}), x)


def test_a_backend_that_cannot_run_a_loop_is_refused():
    with pytest.raises(RuntimeError, match="cannot run with backend='c'"):
        rnnzoo.LSTM(I, H, wrappers={"zoneout": None}, backend="c")
    layer = rnnzoo.LSTM(I, H, wrappers={"weight_drop": None}, backend="torch")
    layer(torch.randn(T, B, I))
    assert layer.last_backend == "torch"


def test_a_task_takes_them_in_its_configuration():
    spec = {"kind": "label", "input": "real", "input_size": I, "output_size": 2}
    options = {"wrappers": {"variational_dropout": {"state": 0.2}, "zoneout": {"p": 0.1}}}
    task = rnnzoo.create_task("sequence_classification", spec=spec, layer="gru", layer_options=options)
    assert task.eval()(torch.randn(B, T, I), torch.tensor([T, 2, 4])).shape == (B, 2)
    with pytest.raises(WrapperError, match="layer 'mingru'"):
        rnnzoo.create_task(
            "sequence_classification", spec=spec, layer="mingru", layer_options={"wrappers": {"weight_drop": None}}
        )
