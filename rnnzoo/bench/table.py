"""A benchmark table: which entries are trained on which data, how, and what they are held against.

A table is a YAML file under ``rnnzoo/bench/tables/`` (or anywhere, by its path); ``load_table`` reads and checks it.
What makes a ranking fair stands there too: ``parameters``, a budget that every layer's width is worked out for
(``widths``); ``trials``, the settings each layer is tried with (``trials``); and ``layers: all`` as an entry, which
stands for one entry a registered layer (``entries``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from rnnzoo.bench.errors import TableError, refuse_unknown_keys
from rnnzoo.bench.patterns import matches, patterns_of
from rnnzoo.bench.race import QUICK_KEYS_OF_A_RACE, Race, fill_in
from rnnzoo.bench.trials import check_trials
from rnnzoo.registry import unknown


@dataclass(frozen=True)
class Monitor:
    """The validation metric that chooses the checkpoint which is tested."""

    metric: str
    mode: str  # "max" or "min"


@dataclass(frozen=True)
class TableEntry:
    """One line of a table: a layer with its own settings on top of the shared ones; or one for each of many layers."""

    label: str
    layer: str = ""
    layers: tuple[str, ...] = ()  # in place of a layer: "all", or shell patterns of registered names
    baseline: str = ""  # in place of a layer: what is measured without training, see ``baselines``
    seeds: int = 1
    parameters: int | None = None  # a budget of its own; see ``Table.parameters``
    model: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    trainer: dict[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Reference:
    """A value to be held against: an entry's (``label``), or that of somebody else's ``model``."""

    value: float
    source: str = ""  # where it was published; `load_table` refuses a value without
    label: str = ""
    model: str = ""
    variant: dict[str, Any] = field(default_factory=dict)
    split: str = "test"
    metric: str = "accuracy"
    spread: float | None = None  # standard deviation over n runs
    n: int | None = None
    url: str = ""


@dataclass(frozen=True)
class Table:
    """A whole table, as its file says it."""

    name: str
    title: str
    task: str
    data: dict[str, Any]  # "name", and arguments of the DataModule
    monitor: Monitor
    entries: tuple[TableEntry, ...]
    description: str = ""
    model: dict[str, Any] = field(default_factory=dict)
    trainer: dict[str, Any] = field(default_factory=dict)
    variants: dict[str, list[Any]] = field(default_factory=dict)
    quick: dict[str, Any] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    metrics: tuple[str, ...] = ()  # of the test split, that the report shows besides the monitored one and the loss
    figures: tuple[str, ...] = ("comparison",)
    traces: dict[str, dict[str, Any]] = field(default_factory=dict)  # name of a trace -> its options
    parameters: int | None = None  # of every whole model; the runner works out each layer's hidden_size
    tolerance: float = 0.05  # how far from the budget, as a share of the parameters that the width decides on
    trials: dict[str, list[Any]] = field(default_factory=dict)  # argument of the task -> values to be tried
    divergence: str = "stop"  # "stop": a run that diverges has no rows; "record": it ends there, and has what is finite
    best_seed: bool = False  # whether the best seed stands beside the mean
    race: Race | None = None  # a race of implementations in place of trainings


LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Reads every table of the package for a report of all; in C, where PyYAML was built with it, six times as quick."""

DIVERGENCES = ("stop", "record")
QUICK_KEYS = ("entries", "seeds", "variants", "model", "data", "trainer", "trials", "parameters")


def list_tables() -> list[str]:
    """The names of the tables in the package, sorted."""
    folder = resources.files("rnnzoo.bench") / "tables"
    return sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))


def load_table(name: str) -> Table:
    """Read the table called ``name``, or the one in the YAML file at that path.

    Raises:
        UnknownName: no table has this name; lists near misses.
        TableError: the file is not a table; says where and why.
    """
    if name in list_tables():
        text = (resources.files("rnnzoo.bench") / "tables" / f"{name}.yaml").read_text(encoding="utf-8")
        return parse_table(text, where=f"table {name}")
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise TableError(f"there is no table file {path}; `rnnzoo list tables` lists the tables of the package.")
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise TableError(f"{path} is not UTF-8 (byte {error.start}); convert it first.") from error
        return parse_table(text, where=str(path))
    raise unknown("table", name, list_tables(), see="rnnzoo list tables")


def parse_table(text: str, where: str) -> Table:
    """Make a ``Table`` of YAML ``text``; ``where`` names its origin in errors.

    Raises:
        TableError: as ``load_table``.
    """
    try:
        raw = yaml.load(text, LOADER)
    except yaml.YAMLError as error:
        raise TableError(f"{where} is not YAML: {error}") from error
    if not isinstance(raw, dict):
        raise TableError(f"{where}: a table is a mapping of settings, not {type(raw).__name__}.")
    refuse_unknown_keys("setting", raw, [f.name for f in fields(Table)], where)
    raw = dict(raw)
    if "race" in raw:
        raw["race"] = _record(Race, raw["race"], f"{where}, race")
        raw = fill_in(raw, where)
    raw["monitor"] = _record(Monitor, raw.get("monitor", {"metric": "accuracy", "mode": "max"}), f"{where}, monitor")
    raw["entries"] = tuple(_entry(item, where) for item in _list(raw.get("entries", []), f"{where}, entries"))
    raw["references"] = tuple(
        _record(Reference, item, f"{where}, references") for item in _list(raw.get("references", []), where)
    )
    raw["metrics"] = tuple(_list(raw.get("metrics", []), f"{where}, metrics"))
    raw["figures"] = tuple(raw.get("figures", ("comparison",)))
    table: Table = _record(Table, raw, where)
    _check(table, where)
    return table


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise TableError(f"{where}: expected a list, got {value!r}.")
    return value


def _entry(item: Any, where: str) -> TableEntry:
    if isinstance(item, dict):
        if sum(key in item for key in ("layer", "layers", "baseline")) != 1 or ("layers" in item and "label" in item):
            raise TableError(
                f"{where}, entries: give `layer` (and a `label`), `layers` alone for an entry a layer, or a "
                f"`baseline`: {item!r}."
            )
        if "baseline" in item:
            item = {"label": item["baseline"], **item, "layer": "none"}
        if "layers" in item:
            patterns = patterns_of(item["layers"], f"{where}, entries")
            item = {**item, "layers": patterns, "label": ", ".join(patterns)}
        item = {"label": item.get("layer"), **item}
    return _record(TableEntry, item, f"{where}, entries")


def _record(kind: type, item: Any, where: str) -> Any:
    if isinstance(item, kind):
        return item
    if not isinstance(item, dict):
        raise TableError(f"{where}: expected a mapping, got {item!r}.")
    refuse_unknown_keys("setting", item, [f.name for f in fields(kind)], where)
    try:
        return kind(**item)
    except TypeError as error:
        raise TableError(f"{where}: {error} in {item!r}.") from error


def _check(table: Table, where: str) -> None:
    labels = [entry.label for entry in table.entries]
    if not labels:
        raise TableError(f"{where}: a table needs at least one entry.")
    for label in labels:
        if labels.count(label) > 1:
            raise TableError(f"{where}: two entries are labelled '{label}'; give each its own label.")
    if not isinstance(table.data, dict) or "name" not in table.data:
        raise TableError(f"{where}: `data` needs the name of a dataset, such as {{name: digit_sum}}.")
    if table.monitor.mode not in ("max", "min"):
        raise TableError(f"{where}: monitor.mode is max or min, not {table.monitor.mode!r}.")
    if table.divergence not in DIVERGENCES:
        raise TableError(f"{where}: {unknown('divergence', str(table.divergence), DIVERGENCES)}")
    if not isinstance(table.traces, dict):
        raise TableError(f"{where}: `traces` is a mapping such as {{gradient_norms: {{}}}}, not {table.traces!r}.")
    for key, values in table.variants.items():
        _list(values, f"{where}, variants.{key}")
    _check_budget(table, where)
    check_trials(table.trials, f"{where}, trials")
    for key, values in table.quick.get("trials", {}).items():
        if key not in table.trials or not set(values) <= set(table.trials[key]):
            raise TableError(f"{where}, quick.trials: {key} {values} is not among the table's trials {table.trials}.")
    known = QUICK_KEYS if table.race is None else QUICK_KEYS_OF_A_RACE
    refuse_unknown_keys("setting", table.quick, known, f"{where}, quick")
    for label in table.quick.get("entries", labels):
        if not _is_entry(label, table):
            raise TableError(f"{where}, quick.entries: {unknown('entry', label, labels)}")
    for reference in table.references:
        if not isinstance(reference.source, str) or not reference.source.strip():
            named = reference.label or reference.model
            raise TableError(
                f"{where}, references: {reference.value} of '{named}' has no source; say where it was published "
                "(`source: ...`), or take it out."
            )
        if bool(reference.label) == bool(reference.model):
            raise TableError(f"{where}, references: give `label` (an entry) or `model` (anything else): {reference}.")
        if reference.label and not _is_entry(reference.label, table):
            raise TableError(f"{where}, references: {unknown('entry', reference.label, labels)}")
        refuse_unknown_keys("variant", reference.variant, table.variants, f"{where}, references")


def _is_entry(label: str, table: Table) -> bool:
    """Whether an entry is labelled so, or one for many layers may have one of this name."""
    return any(label == entry.label or matches(label, entry.layers) for entry in table.entries)


def _check_budget(table: Table, where: str) -> None:
    budgets = {"parameters": table.parameters, "quick.parameters": table.quick.get("parameters")}
    budgets |= {f"entry {entry.label}: parameters": entry.parameters for entry in table.entries}
    for key, budget in budgets.items():
        if budget is not None and (isinstance(budget, bool) or not isinstance(budget, int) or budget < 1):
            raise TableError(f"{where}, {key} is a number of parameters such as 12000, not {budget!r}.")
    if not 0 < table.tolerance < 1:
        raise TableError(f"{where}: tolerance is a share between 0 and 1, such as 0.05, not {table.tolerance!r}.")
    for place, given in (("model", table.model), ("variants", table.variants)):
        if table.parameters is not None and "hidden_size" in given:
            raise TableError(f"{where}: `parameters` decides on each layer's hidden_size; take it out of `{place}`.")
    for entry in table.entries:
        if entry.parameters is not None and "hidden_size" in entry.model:
            raise TableError(f"{where}, entry {entry.label}: give `parameters` or `model.hidden_size`, not both.")
