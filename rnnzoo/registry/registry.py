"""A registry: named entries of one kind, found by walking a folder and, for layers, the users' distributions."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from fnmatch import fnmatchcase
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from rnnzoo.contracts import CodecEntry, DataEntry, LayerEntry, TaskEntry
from rnnzoo.registry.errors import DiscoveryError, RegistrationError, told
from rnnzoo.registry.names import unknown
from rnnzoo.registry.places import place_of

Entry = TypeVar("Entry", LayerEntry, TaskEntry, DataEntry, CodecEntry)


class Registry(Generic[Entry]):
    """Named entries of one kind, discovered by importing every module of ``package``.

    A module whose name starts with an underscore holds shared code and is not imported by the walk.

    Args:
        kind: what the members are called in messages.
        package: the folder's dotted name.
        entry_type: the dataclass of what a member declares; fields without a default have to be given.
        check: raises ``ValueError`` at an entry that is not as it should be.
        unique: fields, besides the name, that no two entries may share.
        entry_points: whether installed distributions may add members by entry points of the group ``package``.
    """

    def __init__(
        self,
        kind: str,
        package: str,
        entry_type: type[Entry],
        *,
        check: Callable[[Entry], None] | None = None,
        unique: Sequence[str] = (),
        entry_points: bool = False,
    ) -> None:
        self.kind = kind
        self.package = package
        self._entry_type: type[Entry] = entry_type
        self._check: Callable[[Entry], None] | None = check
        self._unique = tuple(unique)
        self._takes_entry_points = entry_points
        self._entries: dict[str, Entry] = {}
        self._walked = False
        self._discovered = False

    def register(self, name: str, **declared: Any) -> Callable[[type], type]:
        """Class decorator that files the class under ``name``; the same class of the same file may come again.

        Raises:
            RegistrationError: the name is taken by another class, or a field of the entry is missing, unknown or not
                as it should be; the message names file and field.
        """

        def file(target: type) -> type:
            self._refuse_fields(name, target, declared)
            entry = self._entry_type(name=name, target=target, **declared)
            try:
                if self._check is not None:
                    self._check(entry)
            except ValueError as error:
                raise self._refused(name, target, str(error)) from error
            self._refuse_twins(entry)
            self._entries[name] = entry
            return target

        return file

    def _refused(self, name: str, target: type, why: str) -> RegistrationError:
        return RegistrationError(f"{self.kind} '{name}' ({place_of(target)}) does not register: {why}")

    def _refuse_fields(self, name: str, target: type, declared: dict[str, Any]) -> None:
        takes = {field.name: field for field in fields(self._entry_type) if field.name not in ("name", "target")}
        for key in declared:
            if key not in takes:
                raise self._refused(name, target, str(unknown("field", key, takes)))
        needed = [key for key, field in takes.items() if field.default is MISSING and field.default_factory is MISSING]
        missing = [key for key in needed if key not in declared]
        if missing:
            raise self._refused(name, target, f"it lacks the field{'s' * (len(missing) > 1)} {', '.join(missing)}.")

    def _refuse_twins(self, entry: Entry) -> None:
        for other in self._entries.values():
            if place_of(other.target) == place_of(entry.target) and other.name == entry.name:
                continue  # a file that is run again, as notebooks do
            for key in ("name", *self._unique):
                if getattr(other, key) == getattr(entry, key):
                    what = f"'{entry.name}'" if key == "name" else f"{key} '{getattr(entry, key)}'"
                    raise RegistrationError(
                        f"{self.kind} {what} is registered twice: by {place_of(other.target)} and by "
                        f"{place_of(entry.target)}; rename one of them."
                    )

    def discover(self) -> None:
        """Import the folder's public modules and the distributions' entry points, once.

        Raises:
            DiscoveryError: one does not import or register; the message has its path, or its distribution.
        """
        if self._discovered:
            return
        self.walk()
        if self._takes_entry_points:
            for point in entry_points(group=self.package):
                self._load(point)
        self._discovered = True

    def walk(self) -> None:
        """Import the folder's public modules alone, once.

        Raises:
            DiscoveryError: one does not import or register; the message has its path.
        """
        if self._walked:
            return
        package = importlib.import_module(self.package)
        for module in pkgutil.iter_modules(package.__path__):
            if not module.name.startswith("_"):
                path = f"{package.__path__[0]}/{module.name}.py"
                try:
                    importlib.import_module(f"{self.package}.{module.name}")
                except Exception as error:
                    raise DiscoveryError(f"{self.kind} file {path} does not import: {told(error, path)}") from error
        self._walked = True

    def _load(self, point: EntryPoint) -> None:
        """Import what an entry point names; that has to register a member."""
        distribution = point.dist.name if point.dist is not None else "unknown"
        where = f"entry point '{point.name} = {point.value}' ({self.package}) of distribution {distribution}"
        try:
            point.load()
        except Exception as error:
            raise DiscoveryError(
                f"{where} does not import: {told(error, '')}; repair or uninstall {distribution}."
            ) from error
        root = point.module.partition(".")[0]
        if not any(entry.target.__module__.partition(".")[0] == root for entry in self._entries.values()):
            raise DiscoveryError(
                f"{where} registers no {self.kind}; put @rnnzoo.register_{self.kind}(NAME) on its class, or take the "
                "entry point out."
            )

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
            own = "One of your own is known once its file is imported: `--import FILE`." if self.kind == "layer" else ""
            raise unknown(self.kind, name, self._entries, see, own)
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
