"""Importing a user's own file by its path: what ``--import my_cells.py`` does."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from rnnzoo.registry import CODECS, DATA, LAYERS, TASKS
from rnnzoo.registry.errors import DiscoveryError, told
from rnnzoo.registry.places import source_file

_FILES: dict[Path, ModuleType] = {}


def import_file(path: str | Path) -> ModuleType:
    """Import the Python file at ``path``, once, as if it lay on the import path; files beside it can be imported too.

    Raises:
        FileNotFoundError: there is no such file.
        DiscoveryError: it is no Python file, or does not import, or a class in it does not register.
    """
    path = Path(path)
    file = path.resolve()
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {path} to import (looked for {file}).")
    if file.suffix != ".py":
        raise DiscoveryError(f"{path} is no Python file; expected one that ends in .py.")
    if file not in _FILES:
        _FILES[file] = _loaded(file) or _load(file)
    return _FILES[file]


def imported_files() -> list[str]:
    """The files imported so far, in their order: what another process has to import to know the same names."""
    return [str(path) for path in _FILES]


def refuse_idle(path: str | Path) -> None:
    """Refuse an imported file that registers nothing: no name would lead to what is in it.

    Raises:
        DiscoveryError: no class of any registry is from the file.
    """
    file = Path(path).resolve()
    if any(source_file(entry.target) == file for entry in LAYERS.entries()):
        return  # the others load Lightning
    found: list[type] = [entry.target for entry in TASKS.entries()]
    found += [entry.target for entry in DATA.entries()]
    found += [entry.target for entry in CODECS.entries()]
    if not any(source_file(target) == file for target in found):
        raise DiscoveryError(f'{path} registers nothing; put @rnnzoo.register_layer("a_name") on the class of a cell.')


def _loaded(file: Path) -> ModuleType | None:
    """The module that this process already made of the file."""
    for module in list(sys.modules.values()):
        given = getattr(module, "__file__", None) or ""
        # the name alone first: to resolve the path of every module takes long
        if given.endswith(file.name) and module.__name__ != "__main__" and Path(given).resolve() == file:
            return module
    return None


def _load(file: Path) -> ModuleType:
    name = _free_name(file)
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise DiscoveryError(f"{file} is no Python file that can be imported.")
    module = importlib.util.module_from_spec(spec)
    folder = str(file.parent)
    if folder not in sys.path:
        sys.path.append(folder)  # last: the file's neighbours stand in nobody's way
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise DiscoveryError(f"{file} does not import: {told(error, str(file))}") from error
    return module


def _free_name(file: Path) -> str:
    """The file's own name, unless a module of that name is there already."""
    name = file.stem
    if name.isidentifier() and name not in sys.modules:
        spec = importlib.util.find_spec(name)
        if spec is None or (spec.origin and Path(spec.origin).resolve() == file):
            return name
    return f"{name}_{hashlib.sha256(str(file).encode()).hexdigest()[:8]}"
