import sys
import types

import pytest
import torch
from pages import ROOT, code_blocks, files_shown
from tolerances import close

from rnnzoo import laws
from rnnzoo.laws.law import example

PAGE = ROOT / "docs" / "add-a-layer.md"
SHOWN = files_shown(PAGE)
NAME = "leaky_srn"


@pytest.fixture
def leaky_srn(registering, monkeypatch):
    """The page's file, imported as if it lay in the folder; gone again afterwards."""
    module = types.ModuleType(f"rnnzoo.layers.{NAME}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(SHOWN[f"rnnzoo/layers/{NAME}.py"], str(PAGE), "exec"), module.__dict__)
    return registering.entry(NAME)


def test_the_page_shows_the_layer_and_its_oracle():
    assert set(SHOWN) == {f"rnnzoo/layers/{NAME}.py", f"tests/oracles/{NAME}.py"}


@pytest.mark.parametrize("law", [law.name for law in laws.LAWS.values() if not law.slow])
def test_the_layer_of_the_page_obeys(leaky_srn, law):
    (verdict,) = laws.check(NAME, laws=[law])
    assert verdict.outcome == "holds" or (verdict.outcome == "not declared" and law == "equals_torch"), verdict.detail


def test_the_layer_of_the_page_equals_its_oracle(leaky_srn):
    space = {}
    exec(compile(SHOWN[f"tests/oracles/{NAME}.py"], str(PAGE), "exec"), space)
    cell = laws.small_cell(leaky_srn)
    x, state = example(cell, batch=3, time=9)
    y, final = cell(x, state)
    parameters = {name: parameter.detach().numpy() for name, parameter in cell.named_parameters()}
    expected, expected_final = space["oracle"](x.numpy(), tuple(member.numpy() for member in state), parameters)
    close(y.detach(), torch.as_tensor(expected), what="output")
    close(tuple(m.detach() for m in final), tuple(map(torch.as_tensor, expected_final)), what="final state")


def test_the_use_the_page_shows_has_the_shapes_it_states(leaky_srn):
    (use,) = [code for code in code_blocks(PAGE, "python") if code not in SHOWN.values()]
    space = {}
    exec(compile(use, str(PAGE), "exec"), space)
    assert space["y"].shape == (4, 10, 16)
    assert space["h"].shape == (4, 4, 8)
    inside = space["inside"]
    assert set(inside) == {"l0", "l0_reverse", "l1", "l1_reverse"}
    assert inside["l0"].gates["rate"].shape == inside["l0"].states["hidden"].shape == (4, 10, 8)
