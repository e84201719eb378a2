"""Registries that find their members by walking a folder, refuse duplicates and answer typos with near misses."""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any, Generic, TypeVar

from rnnzoo.contracts import CodecEntry, DataEntry, LayerEntry, TaskEntry

Entry = TypeVar("Entry", LayerEntry, TaskEntry, DataEntry, CodecEntry)


class UnknownName(LookupError):
    """A name that is not registered; the message lists the nearest known ones."""


def unknown(kind: str, name: str, known: Iterable[str], see: str = "") -> UnknownName:
    """The error for an unknown ``name``: near misses first, then where to see them all."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known) or 'none'}."
    return UnknownName(f"unknown {kind} '{name}'; {hint}{f' `{see}` lists them all.' if see else ''}")


class Registry(Generic[Entry]):
    """Named entries of one kind, discovered by importing every module of ``package``.

    A module whose name starts with an underscore holds shared code and is not imported by the walk.
    """

    def __init__(self, kind: str, package: str, entry_type: type[Entry]) -> None:
        self.kind = kind
        self.package = package
        self._entry_type: type[Entry] = entry_type
        self._entries: dict[str, Entry] = {}
        self._discovered = False

    def register(self, name: str, **fields: Any) -> Callable[[type], type]:
        """Class decorator that files the class under ``name``.

        Raises:
            ValueError: the name is taken by another class.
            TypeError: a required field of the entry is missing or unknown; the message names the file.
        """

        def file(target: type) -> type:
            taken = self._entries.get(name)
            if taken is not None and taken.target.__qualname__ != target.__qualname__:
                raise ValueError(
                    f"{self.kind} '{name}' is registered twice: by {taken.target.__module__}.{taken.target.__name__} "
                    f"and by {target.__module__}.{target.__name__}; rename one of them."
                )
            try:
                self._entries[name] = self._entry_type(name=name, target=target, **fields)
            except TypeError as error:
                where = inspect.getsourcefile(target)
                raise TypeError(f"{self.kind} '{name}' in {where} does not register: {error}") from error
            return target

        return file

    def discover(self) -> None:
        """Import every public module of the folder, once; a module that does not import stops here with its path."""
        if self._discovered:
            return
        package = importlib.import_module(self.package)
        for module in pkgutil.iter_modules(package.__path__):
            if not module.name.startswith("_"):
                try:
                    importlib.import_module(f"{self.package}.{module.name}")
                except Exception as error:
                    path = f"{package.__path__[0]}/{module.name}.py"
                    raise ImportError(f"{self.kind} file {path} does not import: {error}") from error
        self._discovered = True

    def names(self, pattern: str = "*") -> list[str]:
        """The registered names that match a shell pattern, sorted."""
        self.discover()
        return sorted(name for name in self._entries if fnmatchcase(name, pattern))

    def entry(self, name: str) -> Entry:
        """What was registered under ``name``.

        Raises:
            UnknownName: with near misses.
        """
        if name not in self._entries:
            self.discover()
        if name not in self._entries:
            folder = self.package.rpartition(".")[2]  # layers, tasks, data: as the command calls them
            see = "" if self.kind == "codec" else f"rnnzoo list {folder}"
            raise unknown(self.kind, name, self._entries, see)
        return self._entries[name]

    def entries(self) -> list[Entry]:
        """Every entry, sorted by name."""
        return [self._entries[name] for name in self.names()]

    def create(self, name: str, /, **kwargs: Any) -> Any:
        """Construct what was registered under ``name``."""
        return self.entry(name).target(**kwargs)

    def __contains__(self, name: str) -> bool:
        self.discover()
        return name in self._entries


LAYERS: Registry[LayerEntry] = Registry("layer", "rnnzoo.layers", LayerEntry)
TASKS: Registry[TaskEntry] = Registry("task", "rnnzoo.tasks", TaskEntry)
DATA: Registry[DataEntry] = Registry("data", "rnnzoo.data", DataEntry)
CODECS: Registry[CodecEntry] = Registry("codec", "rnnzoo.data", CodecEntry)
