"""A cell against its oracle with options of its own, by every backend; the contract tests have the tiny cell's."""

import importlib.util
from pathlib import Path

import torch
from tolerances import close

from rnnzoo.laws.law import example
from rnnzoo.registry import LAYERS

ROOT = Path(__file__).resolve().parents[2]


def noisy(name, **arguments):
    """The registered cell in float64, its first weights plus noise, so that no two blocks are alike."""
    torch.manual_seed(0)
    cell = LAYERS.entry(name).target(**arguments, dtype=torch.float64)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.3)
    return cell


def equals_oracle(name, input_size, hidden_size, *, bias=True, alter=None, **options):
    """Assert that values and final states are the oracle's, carried state included; ``alter`` may change x in place."""
    path = ROOT / LAYERS.entry(name).oracle
    spec = importlib.util.spec_from_file_location(f"oracle_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    cell = noisy(name, input_size=input_size, hidden_size=hidden_size, bias=bias, **options)
    cell.backend = "reference"  # to find a state, no native code is built
    x, state = example(cell, batch=2, time=6)
    if alter is not None:
        alter(x)
        state = tuple(member.detach() for member in cell(x)[1])
    parameters = {name: value.numpy() for name, value in cell.state_dict().items()}
    y, final = module.oracle(x.numpy(), tuple(member.numpy() for member in state), parameters, **options)
    expected = (torch.as_tensor(y), tuple(map(torch.as_tensor, final)))
    for backend in [name for name in ("reference", "torch") if name in cell.backends]:
        cell.backend = backend
        with torch.no_grad():
            close(cell(x, state), expected, what=f"{name} {options} {backend}")
