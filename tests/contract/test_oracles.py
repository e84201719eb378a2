"""Every layer equals its oracle: a NumPy loop in tests/oracles, from the paper, sharing no code with the package.

An oracle file has ``oracle(x, state, parameters, **options) -> (y, final_state)``: x (B, T, I), state a tuple of arrays
(B, ...), parameters the cell's by name (and its buffers), options those of the layer's tiny cell, y (B, T, O).
"""

import importlib.util
from pathlib import Path

import pytest
import torch
from tolerances import close

from rnnzoo.laws import small_cell
from rnnzoo.laws.law import example
from rnnzoo.registry import LAYERS

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = [entry for entry in LAYERS.entries() if entry.oracle and not entry.oracle.startswith("torch.nn.")]


def _load(path):
    spec = importlib.util.spec_from_file_location(f"oracle_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_layer_equals_its_oracle(entry):
    oracle = _load(ROOT / entry.oracle).oracle
    options = {name: value for name, value in entry.tiny.items() if name not in ("input_size", "hidden_size")}
    cell = small_cell(entry)
    x, state = example(cell, batch=3, time=9)
    y, final = cell(x, state)
    parameters = {name: value.numpy() for name, value in cell.state_dict().items()}
    expected, expected_final = oracle(x.numpy(), tuple(member.numpy() for member in state), parameters, **options)
    close(y.detach(), torch.as_tensor(expected), what="output")
    close(tuple(m.detach() for m in final), tuple(map(torch.as_tensor, expected_final)), what="final state")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_oracle_shares_no_code_with_the_package(entry):
    source = (ROOT / entry.oracle).read_text(encoding="utf-8")
    assert "rnnzoo" not in source.replace("rnnzoo's", "")
    assert "import torch" not in source
