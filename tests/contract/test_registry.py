"""A registry finds what lies in its folder, refuses two of a name, and answers a typo with the nearest names."""

import sys

import pytest

from rnnzoo.contracts import CodecEntry
from rnnzoo.registry import CODECS, DATA, LAYERS, TASKS, Registry, UnknownName, unknown


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A package of its own, ``zoo``, whose modules register codecs in ``zoo.REGISTRY``."""
    package = tmp_path / "zoo"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    registry = Registry("codec", "zoo", CodecEntry)
    monkeypatch.setattr(sys, "zoo_registry", registry, raising=False)
    yield package, registry
    for name in [name for name in sys.modules if name.split(".")[0] == "zoo"]:
        del sys.modules[name]


def write(package, module, *names, extra=""):
    lines = ["import sys", *(f"@sys.zoo_registry.register({n!r})\nclass {n.title()}: pass" for n in names), extra]
    (package / f"{module}.py").write_text("\n".join(lines))


def test_a_file_dropped_into_the_folder_is_found(folder):
    package, registry = folder
    write(package, "one", "bee", "ant")
    write(package, "_shared", "hidden")
    assert registry.names() == ["ant", "bee"]
    assert registry.names("a*") == ["ant"]
    assert "bee" in registry
    assert "hidden" not in registry
    assert [entry.target.__name__ for entry in registry.entries()] == ["Ant", "Bee"]
    assert type(registry.create("ant")).__name__ == "Ant"


def test_a_name_taken_twice_names_both_classes(folder):
    package, registry = folder
    write(package, "one", "ant")
    (package / "two.py").write_text("import sys\n@sys.zoo_registry.register('ant')\nclass Other: pass")
    with pytest.raises(ImportError, match=r"two\.py does not import: codec 'ant' is registered twice.*Ant.*Other"):
        registry.names()


def test_a_file_that_does_not_import_is_named(folder):
    package, registry = folder
    write(package, "broken", extra="1 / 0")
    with pytest.raises(
        ImportError, match=r"broken\.py does not import: ZeroDivisionError: division by zero \(line 2\)"
    ):
        registry.names()


def test_a_field_the_entry_does_not_have_is_refused(folder):
    _, registry = folder
    with pytest.raises(
        TypeError, match=r"codec 'ant' \(class Ant in .*test_registry\.py\) does not register: .*colour"
    ):
        registry.register("ant", colour="red")(type("Ant", (), {"__module__": __name__}))


@pytest.mark.parametrize("registry", [LAYERS, TASKS, DATA, CODECS], ids=lambda registry: registry.kind)
def test_every_registry_has_members_and_refuses_a_typo(registry):
    names = registry.names()
    assert names == sorted(names)
    assert names
    with pytest.raises(UnknownName, match=f"unknown {registry.kind} '{names[0]}x'; did you mean .*{names[0]}"):
        registry.entry(names[0] + "x")


def test_a_name_near_nothing_gets_the_whole_list():
    assert str(unknown("thing", "zzz", ["b", "a"])) == "unknown thing 'zzz'; known: a, b."
    assert str(unknown("thing", "zzz", [])) == "unknown thing 'zzz'; known: none."
