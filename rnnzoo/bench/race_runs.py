"""From the table of a race to its runs: one for each layer, size and seed, in which all contestants take turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from rnnzoo.bench.contestants import CONTESTANTS
from rnnzoo.bench.errors import TableError
from rnnzoo.bench.interleaved import CLOCKS
from rnnzoo.bench.race import Race, parse_size
from rnnzoo.bench.runs import SHORT_PRECISIONS, Run, spec_hash, variants_of
from rnnzoo.bench.table import Table
from rnnzoo.registry import LAYERS, unknown

BUILT_IN = "torch.nn."
DTYPES = {"32-true": "float32", "64-true": "float64"}  # by the Trainer's name of the precision


def expand_race(
    table: Table, race: Race, *, layers: Sequence[str], seeds: int, only: dict[str, Any], precision: str
) -> list[Run]:
    """The runs of a race; the arguments are those of ``runs.expand``, ``layers`` instead of the table's own.

    Raises:
        UnknownName: a contestant, a layer or a clock is not known.
        TableError: a layer that torch has no built-in of, a size or a precision that is none.
    """
    where = f"table {table.name}, race"
    for name in race.contestants:
        if name not in CONTESTANTS:
            raise unknown("contestant", name, CONTESTANTS)
    if race.clock not in CLOCKS:
        raise unknown("clock", race.clock, CLOCKS)
    precision = SHORT_PRECISIONS.get(precision, precision)
    if precision not in DTYPES:
        raise TableError(f"{where}: precision is one of {', '.join(DTYPES)}, not {precision}.")
    if layers:
        table = replace(table, variants={**table.variants, "layer": list(dict.fromkeys(layers))})
    runs = []
    for variant in variants_of(table, only):
        built_in(variant["layer"])
        run = Run(
            table=table.name, spec="", label="race", layer=variant["layer"], seed=0, variant=variant, task="race",
            data_name=table.data["name"], data=parse_size(variant["size"], where), data_version="1", model={},
            trainer={"precision": precision}, monitor=asdict(table.monitor), race=asdict(race),
        )  # fmt: skip
        run = replace(run, spec=spec_hash(run))
        runs += [replace(run, seed=seed) for seed in range(seeds)]
    return runs


def built_in(layer: str) -> str:
    """The name in ``torch.nn`` of a layer's built-in.

    Raises:
        UnknownName: there is no such layer.
        TableError: torch has no built-in of it.
    """
    oracle = LAYERS.entry(layer).oracle or ""
    if not oracle.startswith(BUILT_IN):
        have = [entry.name for entry in LAYERS.entries() if (entry.oracle or "").startswith(BUILT_IN)]
        raise TableError(f"torch has no built-in {layer} to race against; it has {', '.join(have)}.")
    return oracle.removeprefix(BUILT_IN)
