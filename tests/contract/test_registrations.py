"""Each layer of the zoo declares all there is to declare: the defaults are for users' own cells."""

import inspect
import re
from pathlib import Path

import pytest
import torch

import rnnzoo
from rnnzoo.recurrent.page import backends
from rnnzoo.registry import DATA, LAYERS, TASKS
from rnnzoo.registry.layer_checks import KINDS
from rnnzoo.registry.places import source_file

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = LAYERS.entries()
SMALL = 64
every_layer = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)


@every_layer
def test_a_registration_is_complete(entry):
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", entry.name)
    assert entry.kind in KINDS
    able = backends(entry)
    assert able[0] == "reference"
    assert len(set(able)) == len(able)
    assert entry.paper.title
    assert re.fullmatch(r"[^,]+(, [^,]+)*", entry.paper.authors)
    assert 1943 <= entry.paper.year <= 2100
    assert re.match(r"https://\S+$", entry.paper.url)
    assert {"input_size", "hidden_size"} <= set(entry.tiny)
    assert max(value for value in entry.tiny.values() if isinstance(value, int)) <= SMALL


@every_layer
def test_its_description_is_one_plain_line(entry):
    assert 10 <= len(entry.description) <= 140
    assert entry.description == " ".join(entry.description.split())
    assert not entry.description.endswith(".")


@every_layer
def test_its_file_has_its_name_and_states_equations_and_source(entry):
    path = source_file(entry.target)
    assert path.parent == ROOT / "rnnzoo" / "layers"
    module = inspect.getmodule(entry.target).__doc__
    assert "Source: " in module
    assert " = " in module
    assert inspect.getdoc(entry.target)


@every_layer
def test_what_it_is_held_to_is_there(entry):
    assert entry.oracle, "an architecture of the zoo has an oracle"
    if not entry.oracle.startswith("torch.nn."):
        assert entry.oracle.startswith("tests/oracles/")
        assert (ROOT / entry.oracle).is_file()


@every_layer
def test_where_others_differ_a_test_that_is_there_shows_it(entry):
    for path in re.findall(r"tests/[\w/]+\.py", entry.differs):
        assert (ROOT / path).is_file()
    assert not entry.differs or "tests/" in entry.differs


@every_layer
def test_it_can_be_built_without_memory_to_be_counted(entry):
    made = entry.target(**entry.tiny)
    with torch.device("meta"):
        counted = entry.target(**entry.tiny)
    assert {name: p.shape for name, p in counted.named_parameters()} == {
        name: p.shape for name, p in made.named_parameters()
    }
    assert all(p.is_meta for p in counted.parameters())


@every_layer
def test_its_class_is_a_name_of_the_package_and_its_help_has_the_equations(entry):
    made = getattr(rnnzoo, entry.class_name)
    assert issubclass(made, rnnzoo.Recurrent)
    assert made.__name__ == entry.class_name
    assert made is getattr(rnnzoo, entry.class_name)
    equations = inspect.cleandoc(inspect.getmodule(entry.target).__doc__)
    assert made.__doc__.startswith(equations)
    assert entry.paper.title in made.__doc__


def test_class_names_are_one_a_layer_and_no_other_name_of_the_package():
    names = [entry.class_name for entry in ENTRIES]
    assert len(set(names)) == len(names)
    assert all(name != name.lower() for name in names)


@pytest.mark.parametrize("registry", [TASKS, DATA], ids=lambda registry: registry.kind)
def test_tasks_and_data_say_in_one_line_what_they_are(registry):
    for entry in registry.entries():
        assert entry.description
        assert "\n" not in entry.description
