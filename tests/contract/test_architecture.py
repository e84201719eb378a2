"""The house's rules: who may import whom, how long a file may be, what importing costs, no assert that guards users."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "rnnzoo"
FILES = sorted(PACKAGE.rglob("*.py"))
LIMIT = 300

RECURRENT = {"contracts", "registry", "ops", "layers", "wrappers", "initialization", "recurrent"}
MAY_IMPORT = {
    "contracts": set(),
    "stopping": set(),
    "registry": {"contracts"},
    "ops": {"contracts", "registry"},
    "layers": {"contracts", "registry", "ops"},
    "wrappers": {"contracts", "registry", "ops", "layers"},
    "initialization": {"contracts", "registry", "ops", "layers", "wrappers"},
    "recurrent": {"contracts", "registry", "ops", "layers", "wrappers", "initialization"},
    "laws": RECURRENT,
    "modules": RECURRENT,
    "metrics": {"contracts", "ops"},
    "figures": {"contracts"},
    "tag_schemes": {"registry"},
    "midi": set(),
    "data": {"contracts", "registry", "tag_schemes", "midi"},
    "tasks": RECURRENT | {"modules", "metrics", "figures", "tag_schemes", "midi"},
    "callbacks": {"contracts", "registry", "recurrent", "metrics", "tasks", "figures", "stopping"},
}
MAY_IMPORT["pretrained"] = set(MAY_IMPORT) - {"laws", "figures"} | {"rnnzoo"}
MAY_IMPORT["recipes"] = MAY_IMPORT["pretrained"] | {"pretrained"}
MAY_IMPORT["bench"] = set(MAY_IMPORT) - {"laws"} | {"rnnzoo"}
MAY_IMPORT["exporting"] = MAY_IMPORT["bench"]
MAY_IMPORT["cli"] = set(MAY_IMPORT) | {"rnnzoo"}
MAY_IMPORT["rnnzoo"] = {"registry", "recurrent"}
TORCH_ALONE = RECURRENT | {"stopping", "laws", "modules", "rnnzoo"}
HEAVY = {"lightning", "pytorch_lightning", "wandb", "matplotlib", "pandas", "torchmetrics", "torchtext", "sklearn"}

ROOMS = {"__main__": "cli", "commands": "cli", "__init__": "rnnzoo"}


def room(module):
    """The room a dotted module name of the package belongs to."""
    parts = module.split(".")
    name = parts[1] if len(parts) > 1 else "__init__"
    return ROOMS.get(name, name)


def room_of(path):
    return room(".".join(("rnnzoo", *path.relative_to(PACKAGE).with_suffix("").parts)))


def imports(path):
    """Every module a file imports, wherever in the file, with the line; ``from a import b`` counts as a.b too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                package = path.relative_to(ROOT).parent.parts
                module = ".".join((*package[: len(package) - node.level + 1], *filter(None, [module])))
            if module == "rnnzoo":
                yield from ((f"rnnzoo.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield module, node.lineno


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_the_right_way(path):
    here = room_of(path)
    assert here in MAY_IMPORT, f"{path.name}: a room the design does not know; say there who may import it"
    for module, line in imports(path):
        top = module.split(".")[0]
        if top == "rnnzoo":
            there = room(module)
            assert there == here or there in MAY_IMPORT[here], f"{path}:{line}: {here} may not import {there}"
        if here in TORCH_ALONE:
            assert top not in HEAVY, f"{path}:{line}: {here} imports torch alone, not {top}"
        if top == "torchtext":
            assert path == PACKAGE / "data" / "text.py", f"{path}:{line}: only data/text.py imports torchtext"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_assert_guards_users(path):
    lines = [node.lineno for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Assert)]
    assert not lines, f"{path}: assert in line {lines}: raise an error that says what was expected"


def test_docstrings_are_marked_up_for_whoever_reads_them_in_python():
    marked = [path for path in FILES if re.search(r":(class|func|meth|mod|attr):`", path.read_text("utf-8"))]
    assert not marked, "Sphinx's roles are no help in help(); double backticks are"


@pytest.mark.parametrize("folder", ["rnnzoo", "tests", "benchmarks"])
def test_no_file_is_too_long(folder):
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert lengths
    assert not {str(path): length for path, length in lengths.items() if length > LIMIT}


def loaded_by(code):
    """The heavy modules that a fresh interpreter has loaded after running ``code``."""
    report = f"import sys; {code}; print(*({HEAVY | {'torch'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", report], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_not_even_torch():
    assert loaded_by("import rnnzoo; rnnzoo.__version__") == set()


def test_using_a_layer_loads_torch_alone():
    assert loaded_by("import rnnzoo; rnnzoo.LSTM(2, 3); rnnzoo.list_layers(); dir(rnnzoo)") == {"torch"}


def test_using_the_laws_loads_torch_alone():
    assert loaded_by("import rnnzoo.laws") == {"torch"}


def test_every_public_name_resolves():
    import rnnzoo

    missing = [name for name in dir(rnnzoo) if not hasattr(rnnzoo, name)]
    assert not missing
    assert {"LSTM", "GRU", "RNN", "load_pretrained", "create_model", "__version__"} <= set(dir(rnnzoo))


def test_version_is_the_one_of_the_package_metadata():
    import configparser

    import rnnzoo

    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    assert rnnzoo.__version__ == setup["metadata"]["version"]
