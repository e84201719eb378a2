"""Which entries of a table are run: its own, one for each layer that a pattern means, and those asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rnnzoo.bench.errors import TableError
from rnnzoo.bench.patterns import is_pattern, matches
from rnnzoo.bench.table import Table, TableEntry
from rnnzoo.registry import LAYERS, unknown


def layer_entries(table: Table) -> list[TableEntry]:
    """The entries of ``table``, with one a registered layer in place of those for many.

    A layer that has an entry of its own name is left to that one; of several patterns the first counts.

    Raises:
        TableError: a pattern means no registered layer.
    """
    taken = {entry.label for entry in table.entries if not entry.layers}
    entries = []
    for entry in table.entries:
        if not entry.layers:
            entries.append(entry)
            continue
        for pattern in entry.layers:
            if not any(matches(name, [pattern]) for name in LAYERS.names()):
                raise TableError(f"table {table.name}: no layer is named {pattern}; `rnnzoo list layers` lists them.")
        for name in LAYERS.names():
            if name not in taken and matches(name, entry.layers):
                taken.add(name)
                entries.append(replace(entry, label=name, layer=name, layers=()))
    return entries


def choose_entries(table: Table, layers: Sequence[str]) -> list[TableEntry]:
    """The entries that ``layers`` names: labels of the table, or registered layers with the shared settings.

    A name may be a pattern such as ``min*``, which means entries and registered layers alike, or ``all``.

    Raises:
        UnknownName: neither an entry nor a layer; near misses of both.
        TableError: a pattern means none, in the table or in ``layers``.
    """
    entries = layer_entries(table)
    if not layers:
        return entries
    labelled = {entry.label: entry for entry in entries}
    chosen: dict[str, TableEntry] = {}
    for name in layers:
        if is_pattern(name) and name not in labelled:
            meant = [known for known in dict.fromkeys((*labelled, *LAYERS.names())) if matches(known, [name])]
            if not meant:
                raise TableError(f"no entry of table {table.name} and no layer is named {name}; `rnnzoo list layers`.")
        elif name not in labelled and name != "none" and name not in LAYERS:
            raise unknown("layer", name, {*labelled, *LAYERS.names()}, see="rnnzoo list layers")
        else:
            meant = [name]
        for label in meant:
            chosen.setdefault(label, labelled.get(label) or TableEntry(label=label, layer=label))
    return list(chosen.values())
