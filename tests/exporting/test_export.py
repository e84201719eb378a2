"""What is written is the model: stacks, both directions, streams, trained tasks; its description is enough."""

import json

import pytest
import safetensors.torch
import torch
from running import Ran, agree, flat, noisy_layer
from torch import nn

import rnnzoo
from rnnzoo.exporting.interface import initial
from rnnzoo.recurrent.scanned import scanned
from rnnzoo.registry import LAYERS
from rnnzoo.tasks._raw import create_codec


def test_a_bidirectional_stack_time_first_leaves_whole(tmp_path):
    layer = noisy_layer(LAYERS.entry("lstm"), batch_first=False, num_layers=2, bidirectional=True)
    ran = Ran(rnnzoo.export(layer, tmp_path / "out"))
    assert [port["shape"] for port in ran.inputs[:2]] == [["time", "batch", layer.input_size], ["batch"]]
    x, lengths = torch.randn(8, 4, layer.input_size), torch.tensor([8, 1, 3, 7])
    with torch.no_grad():
        _, hx = layer(torch.randn(2, 4, layer.input_size))
        y, final = layer(x, hx, lengths)
    agree(ran(x, lengths, *hx), [y, *final], "ragged")


def test_a_stream_of_steps_is_the_sequence_where_the_layers_states_differ(tmp_path):
    layer = noisy_layer(LAYERS.entry("qrnn"), num_layers=2)
    out = rnnzoo.export(layer, tmp_path / "out", "pt2", streaming=True)
    whole, step = Ran(out), Ran(out, "step")
    x = torch.randn(3, 6, layer.input_size)
    states, outputs = step.initial_state(3), []
    for t in range(6):
        y, *states = step(x[:, t], *states)
        outputs.append(y)
    with torch.no_grad():
        y, final = layer(x)
    agree([torch.stack(outputs, 1), *states], [y, *flat(final)], "stepped")
    agree(whole(x, torch.full((3,), 6), *whole.initial_state(3)), [y, *flat(final)], "whole")


@pytest.mark.parametrize("format", ["onnx", "pt2"])
def test_a_trained_model_leaves_with_what_its_answers_need(tmp_path, format):
    ran = Ran(rnnzoo.export("digit-sum-lstm", tmp_path / "out", format))
    model, raw = rnnzoo.load_pretrained("digit-sum-lstm"), ["670010", "190000", "05000", "12"]
    batch = create_codec(ran.interface["codec"]).encode(raw)
    (logits,) = ran(batch.inputs, batch.lengths)
    assert [ran.interface["labels"][best] for best in logits.argmax(-1)] == [p.label for p in model.predict(raw)]
    with torch.no_grad():
        agree([logits], [model(batch.inputs, batch.lengths)], "logits")
    assert ran.outputs[0]["shape"] == ["batch", len(model.labels)]


def test_weights_and_description_build_the_layer_again(tmp_path):
    layer = noisy_layer(LAYERS.entry("lem"), num_layers=2, bidirectional=True)
    out = rnnzoo.export(layer, tmp_path / "out", "safetensors")
    told = json.loads((out / "interface.json").read_text("utf-8"))
    again = rnnzoo.create_layer(told["layer"], **told["arguments"])
    again.load_state_dict(safetensors.torch.load_file(out / told["weights"]["file"]))
    x = torch.randn(2, 5, layer.input_size)
    assert torch.equal(again(x)[0], layer(x)[0])


def test_a_task_as_weights_is_a_model_directory(tmp_path):
    out = rnnzoo.export("digit-sum-lstm", tmp_path / "out", "safetensors")
    raw = ["670010"]
    assert rnnzoo.load_pretrained(out).predict(raw) == rnnzoo.load_pretrained("digit-sum-lstm").predict(raw)


STACKS = {
    "handed-up": ("rwkv7", {}),
    "wrapped": ("lstm", {"wrappers": {"learned_state": {}, "layer_norm": {}, "block": {"conv": 3}}}),
    "wrapped-and-handed-up": ("rwkv7", {"wrappers": {"residual": {}}}),
    "hybrid": ("gru", {"hybrid": {"layer": "window_attention", "every": 2, "window": 4, "heads": 2}}),
}


@pytest.mark.parametrize("name", STACKS)
@torch.no_grad()
def test_stacks_of_every_make_are_scanned(name):
    layer, options = STACKS[name]
    torch.manual_seed(0)
    made = rnnzoo.create_layer(layer, 8, 8, num_layers=2, batch_first=True, **options).eval()
    x, lengths = torch.randn(3, 7, 8), torch.tensor([7, 1, 4])
    agree(flat(scanned(made)(x, None, lengths)), flat(made(x, None, lengths)), name)
    agree(flat(scanned(made).step(x[:, 0])), flat(made.step(x[:, 0])), f"{name}, a step")


@torch.no_grad()
def test_what_is_computed_of_weights_alone_is_computed_once():
    layer = noisy_layer(LAYERS.entry("exprnn"))
    (cell,) = scanned(layer).cells
    before = cell.cell.recurrent_weights()[0][0]
    cell.cell.load_state_dict({name: torch.zeros_like(value) for name, value in cell.cell.state_dict().items()})
    assert torch.equal(cell.cell.recurrent_weights()[0][0], before)
    agree([before @ before.T], [torch.eye(len(before))], "orthogonal")


class Offset(nn.Module):
    """h_t = tanh(w x_t + h_{t-1}) begins at numbers of its own, and counts its steps."""

    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__()
        self.input_size, self.output_size, self.state_shapes = input_size, hidden_size, ((hidden_size,), ())
        self.backend, self.last_backend = None, "reference"
        self.weight = nn.Parameter(torch.randn(hidden_size, input_size, dtype=dtype))

    def initial_state(self, batch_size, *, device=None, dtype=None):
        first = torch.arange(self.output_size, dtype=dtype or self.weight.dtype) / 8
        return first.repeat(batch_size, 1), torch.full((batch_size,), 3)

    def step(self, x, state):
        h = torch.tanh(x @ self.weight.T + state[0]) / state[1].unsqueeze(1)
        return h, (h, state[1] + 1)

    def forward(self, x, state=None, lengths=None):
        state = state or self.initial_state(x.shape[0])
        y = []
        for t in range(x.shape[1]):
            h, state = self.step(x[:, t], state)
            y.append(h)
        return torch.stack(y, 1), state


@torch.no_grad()
def test_a_first_state_that_is_not_zero_and_a_clock_are_told():
    layer = rnnzoo.Recurrent(Offset, 2, 3, batch_first=True)
    x = torch.randn(2, 4, 2)
    assert initial(layer) == {"state_0": [[0.0, 0.125, 0.25]], "state_1": 3}
    agree(flat(scanned(layer)(x)), flat(layer(x)), "scanned")


def test_the_layer_is_left_as_it_was(tmp_path):
    layer = noisy_layer(LAYERS.entry("gru")).train()
    cells = list(layer.cells)
    rnnzoo.export(layer, tmp_path / "out", "pt2")
    assert layer.training
    assert list(layer.cells) == cells
    assert all(parameter.requires_grad for parameter in layer.parameters())
