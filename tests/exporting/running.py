"""Exported files, run as somebody without rnnzoo would run them: by the names and shapes that are in the file."""

from __future__ import annotations

import json

import onnxruntime
import torch

from rnnzoo.laws.law import same
from rnnzoo.recurrent import create_layer

TOLERANCE = 1e-4
"""Relative to the largest number of a tensor, or to 1."""


def agree(given, expected, what):
    """Assert that numbers of another runtime are the model's."""
    same(tuple(given), tuple(expected), what, TOLERANCE)


class Ran:
    """A file of an export: call it with tensors in the order of its inputs."""

    def __init__(self, directory, program="model"):
        self.interface = json.loads((directory / "interface.json").read_text("utf-8"))
        told = self.interface["programs"][program]
        self.inputs, self.outputs = told["inputs"], told["outputs"]
        self.path = directory / told["file"]
        if self.path.suffix == ".onnx":
            self.session = onnxruntime.InferenceSession(str(self.path), providers=["CPUExecutionProvider"])
        else:
            self.program = torch.export.load(str(self.path)).module()

    def __call__(self, *values):
        if self.path.suffix == ".onnx":
            fed = {port["name"]: value.numpy() for port, value in zip(self.inputs, values, strict=True)}
            given = self.session.run([port["name"] for port in self.outputs], fed)
            return [torch.from_numpy(one) for one in given]
        with torch.no_grad():
            given = self.program(*values)
        return list(given) if isinstance(given, (tuple, list)) else [given]

    def initial_state(self, batch):
        """The state before the first step, as the description tells it."""
        states = []
        for port in self.inputs:
            if port["name"] in self.interface["initial_state"]:
                value = torch.tensor(self.interface["initial_state"][port["name"]], dtype=getattr(torch, port["dtype"]))
                shape = [batch if size == "batch" else size for size in port["shape"]]
                states.append(value.unsqueeze(port["shape"].index("batch")) if value.dim() else value)
                states[-1] = states[-1].expand(shape).contiguous()
        return states


def noisy_layer(entry, **options):
    """The registered layer at the size of the laws, float32, its weights as initialised plus noise, in eval mode."""
    torch.manual_seed(0)
    place = ("layer_index", "num_layers")  # a stack tells its cells
    given = {name: value for name, value in entry.tiny.items() if name not in place}
    layer = create_layer(entry.name, **{**given, "batch_first": True, **options})
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.2)
    return layer.eval()


def flat(hx):
    """The tensors of a state in order."""
    return [hx] if isinstance(hx, torch.Tensor) else [tensor for member in hx for tensor in flat(member)]
