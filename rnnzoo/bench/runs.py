"""From a table to its runs: entry x variant x seed, each with its settings resolved and hashed."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from rnnzoo.bench.entries import choose_entries
from rnnzoo.bench.errors import TableError, refuse_unknown_keys
from rnnzoo.bench.race import Race
from rnnzoo.bench.settings import DATASET, arguments_of, check_settings
from rnnzoo.bench.table import Table
from rnnzoo.bench.trials import grid, spoken_trial
from rnnzoo.bench.widths import Widths
from rnnzoo.contracts import ResultRow
from rnnzoo.registry import DATA, LAYERS
from rnnzoo.registry.files import imported_files
from rnnzoo.registry.places import origin

WITHOUT_INFLUENCE = (
    "dir",
    "download",
    "num_workers",
    "pin_memory",
)  # arguments of the data that do not change a result

SHORT_PRECISIONS = {"32": "32-true", "64": "64-true", "16": "16-mixed", "bf16": "bf16-mixed"}  # Lightning's short forms


@dataclass(frozen=True)
class Run:
    """One training: everything that influences its result, resolved, and the name of its row file."""

    table: str
    spec: str  # hash of the settings and the data's version; not of the seed
    label: str
    layer: str
    seed: int
    variant: dict[str, Any]
    task: str
    data_name: str
    data: dict[str, Any]
    data_version: str
    model: dict[str, Any]
    trainer: dict[str, Any]
    monitor: dict[str, str]
    race: dict[str, Any] = field(default_factory=dict)  # the settings of a race; empty: a training
    traces: dict[str, dict[str, Any]] = field(default_factory=dict)
    divergence: str = "stop"
    cell: dict[str, str] = field(default_factory=dict)  # where a user's own cell comes from; of ours the commit tells
    imports: list[str] = field(default_factory=list)  # the users' files that another process is to import
    trial: dict[str, Any] = field(default_factory=dict)  # which of the table's trials it is; its values are in `model`
    contest: str = ""  # hash of what it has in common with the other trials; "" where there are none
    solved: dict[str, Any] = field(default_factory=dict)  # what was worked out, such as the width; it is in `model`
    baseline: str = ""  # what is measured in place of a training

    @property
    def id(self) -> str:
        """The stem of its row file and of its working folder."""
        return f"{self.spec}-{self.layer}-{self.seed}"

    @property
    def title(self) -> str:
        """How a human calls it: ``lstm length=10 seed 3``, ``lstm seed 0, learning_rate=0.01``."""
        name = " ".join([self.label, *(f"{key}={value}" for key, value in self.variant.items()), f"seed {self.seed}"])
        return f"{name}, {spoken_trial(self.trial)}" if self.trial else name

    def to_json(self) -> str:
        """The run as JSON, for a worker process and for the working folder."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Run:
        """The run that ``to_json`` wrote."""
        return cls(**json.loads(text))


def expand(
    table: Table,
    *,
    layers: Sequence[str] = (),
    seeds: int | None = None,
    quick: bool = False,
    only: dict[str, Any] | None = None,
    precision: str | None = None,
) -> list[Run]:
    """The runs of ``table``, variants outermost and, within a seed, trials innermost.

    Args:
        layers: labels of entries, names of any registered layers (those get the shared settings), or patterns of both.
        seeds: how many seeds each entry gets (0, 1, ...), instead of what the table says.
        quick: apply the table's ``quick`` settings.
        only: keep the variants with these values, such as ``{"length": 10}``.
        precision: the Trainer's ``precision``, where it is to differ from the table's.

    Raises:
        UnknownName: a layer, a dataset or the task is not known.
        TableError: a setting or an override is not known, or two entries are the same run.
        MissingData: a dataset's files are not there.
    """
    if quick:
        layers = layers or table.quick.get("entries", ())
        table = quick_table(table)
    if seeds is not None and seeds < 1:
        raise TableError(f"--seeds is a number of seeds, at least 1, not {seeds}.")
    if table.race is not None:
        from rnnzoo.bench.race_runs import expand_race  # loads torch

        return expand_race(
            table, table.race, layers=layers, seeds=seeds or 1, only=only or {}, precision=precision or "32-true"
        )
    entries = choose_entries(table, layers)
    check_settings(table, entries)
    datasets: dict[str, Any] = {}
    widths = Widths(table)
    runs: list[Run] = []
    for variant in variants_of(table, only or {}):
        for entry in entries:
            data = {**table.data, **entry.data}
            name = variant.get(DATASET, data.pop("name"))
            of_data = arguments_of(DATA.entry(name).target)
            data |= {key: value for key, value in variant.items() if key in of_data}
            key = json.dumps([name, data], sort_keys=True)
            if key not in datasets:
                datasets[key] = DATA.create(name, **data)
            trainer = {**table.trainer, **entry.trainer}
            given = str(precision or trainer.get("precision") or "32-true")
            trainer["precision"] = SHORT_PRECISIONS.get(given, given)
            model = {**table.model, **entry.model}
            model |= {key: value for key, value in variant.items() if key not in (*of_data, DATASET)}
            common = Run(
                table=table.name, spec="", label=entry.label, layer=entry.layer, seed=0, variant=variant,
                task=table.task, data_name=name, data=data, data_version=str(datasets[key].data_version), model=model,
                trainer=trainer, monitor=asdict(table.monitor), traces=table.traces, divergence=table.divergence,
                cell=_origin(entry.layer), imports=imported_files(), baseline=entry.baseline,
            )  # fmt: skip
            tried = []
            for trial in grid(table.trials):
                solved = widths.of(entry, {**model, **trial}, datasets[key])
                run = replace(common, model={**model, **trial, **solved}, solved=solved)
                if trial:
                    contest = spec_hash(replace(common, model={**model, **solved}))
                    run = replace(run, trial=trial, contest=contest)
                tried.append(replace(run, spec=spec_hash(run)))
            runs += [replace(run, seed=seed) for seed in range(seeds or entry.seeds) for run in tried]
    _refuse_twins(runs)
    return runs


def _origin(layer: str) -> dict[str, str]:
    return {} if layer == "none" else origin(LAYERS.entry(layer).target)


def spec_hash(run: Run) -> str:
    """A short hash of everything that influences the result but the seed; the same in every process."""
    settings = {
        "schema": ResultRow.__dataclass_fields__["schema"].default,
        "task": run.task,
        "layer": run.layer,
        "model": run.model,
        "data": {"name": run.data_name, **{k: v for k, v in run.data.items() if k not in WITHOUT_INFLUENCE}},
        "data_version": run.data_version,
        "trainer": run.trainer,
        "monitor": run.monitor,
        **({"race": run.race} if run.race else {}),
        # a run without its traces lacks rows and a file, so it is to be made again
        **({"traces": run.traces} if run.traces else {}),
        **({"divergence": run.divergence} if run.divergence != "stop" else {}),
        # a cell that was edited is another one, whatever its name
        **({"cell": run.cell["sha256"]} if "sha256" in run.cell else {}),
        # a trial is one of several: the same settings in a table without trials are another run
        **({"trial": run.trial} if run.trial else {}),
        **({"baseline": run.baseline} if run.baseline else {}),
    }
    canonical = json.dumps(settings, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def quick_table(table: Table) -> Table:
    """The table with its ``quick`` settings laid over it."""
    quick = table.quick
    where = f"table {table.name}, quick"
    refuse_unknown_keys("variant", quick.get("variants", {}), table.variants, where)
    refuse_unknown_keys("setting", quick.get("race", {}), [f.name for f in fields(Race)], where)
    entries = tuple(
        replace(entry, seeds=quick.get("seeds", 1), trainer={**entry.trainer, **quick.get("trainer", {})})
        for entry in table.entries
    )
    return replace(
        table,
        entries=entries,
        variants={**table.variants, **quick.get("variants", {})},
        trainer={**table.trainer, **quick.get("trainer", {})},
        model={**table.model, **quick.get("model", {})},
        data={**table.data, **quick.get("data", {})},
        trials={**table.trials, **quick.get("trials", {})},
        parameters=quick.get("parameters", table.parameters),
        race=None if table.race is None else replace(table.race, **quick.get("race", {})),
    )


def variants_of(table: Table, only: dict[str, Any]) -> list[dict[str, Any]]:
    """Every combination of the values that the table varies, those in ``only`` fixed.

    Raises:
        TableError: ``only`` names what the table does not vary, or a value it does not take.
    """
    refuse_unknown_keys("variant", only, table.variants, f"--only of table {table.name}")
    for key, value in only.items():
        if value not in table.variants[key]:
            raise TableError(f"--only {key}={value}: table {table.name} has {key} in {table.variants[key]}.")
    grid = itertools.product(*table.variants.values())
    variants = [dict(zip(table.variants, values, strict=True)) for values in grid]
    return [variant for variant in variants if all(variant[key] == value for key, value in only.items())]


def _refuse_twins(runs: list[Run]) -> None:
    owners: dict[str, str] = {}
    for run in runs:
        if owners.setdefault(run.id, run.label) != run.label:
            raise TableError(
                f"table {run.table}: entries '{owners[run.id]}' and '{run.label}' have the same settings; drop one."
            )
