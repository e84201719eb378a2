"""Pages for tasks, datasets, recipes and shipped models, made of what is registered and of docstrings."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from speed_rows import table

from rnnzoo.bench.table import list_tables, load_table
from rnnzoo.contracts import DataEntry, TaskEntry
from rnnzoo.pretrained import list_pretrained, pretrained_entry
from rnnzoo.recipes import list_recipes, recipe_config
from rnnzoo.registry import DATA, TASKS
from website.links import ROOT
from website.text import cell, escaped, fenced, signature, with_address

GENERATED = ROOT / "docs" / "generated"


def registry_pages() -> dict[str, str]:
    """All pages of this module, by their places on the site."""
    pages = {"tasks/index.md": _tasks(), "data/index.md": _data(), "recipes/index.md": _recipes()}
    pages |= {"models.md": _models()}
    pages |= {f"tasks/{entry.name}.md": _task(entry) for entry in TASKS.entries()}
    pages |= {f"data/{entry.name}.md": _dataset(entry) for entry in DATA.entries()}
    return pages | {f"recipes/{name}.md": _recipe(name) for name in list_recipes()}


def _link(folder: str, name: str) -> str:
    return f"[`{name}`](../{folder}/{name}.md)"


@cache
def _recipes_of(key: str) -> dict[str, list[str]]:
    """The recipes of each task, or of each dataset."""
    found: dict[str, list[str]] = {}
    for recipe in list_recipes():
        config = recipe_config(recipe)
        found.setdefault(config["task"] if key == "task" else config["data"]["class_path"], []).append(recipe)
    return found


@cache
def _tables_of(key: str) -> dict[str, list[str]]:
    """The tables of each task, or of each dataset: links to those that have rows."""
    found: dict[str, list[str]] = {}
    for name in list_tables():
        table = load_table(name)
        link = f"[`{name}`](../generated/{name}.md)" if (GENERATED / f"{name}.md").is_file() else f"`{name}`"
        found.setdefault(table.task if key == "task" else table.data.get("name", ""), []).append(link)
    return found


def _used(key: str, name: str) -> list[tuple[str, str]]:
    recipes = ", ".join(_link("recipes", recipe) for recipe in _recipes_of(key).get(name, ()))
    found = {"Recipes": recipes, "Tables": ", ".join(_tables_of(key).get(name, ()))}
    return [(f"**{what}**", names) for what, names in found.items() if names]


def _class(target: type) -> str:
    module, _, file = target.__module__.rpartition(".")
    source = f"../../{module.replace('.', '/')}/{file}.py"
    return (
        f"{signature(target)}\n\n"
        f"::: {target.__module__}.{target.__qualname__}\n    options:\n      members: []\n\n"
        f"`from {target.__module__} import {target.__name__}`; [the file]({source})."
    )


def _tasks() -> str:
    rows = [
        (_link("tasks", entry.name), cell(entry.description), ", ".join(_kinds(entry)), _metrics(entry))
        for entry in TASKS.entries()
    ]
    said = "A task is a LightningModule: it takes any layer of the zoo by name, and data of the kinds it accepts."
    own = "[A task of your own](../bring-your-own-task.md) is a file like these."
    return f"# Tasks\n\n{said} {own}\n\n{table(['task', 'what it does', 'kinds of data', 'metrics'], rows)}\n"


def _kinds(entry: TaskEntry) -> list[str]:
    return [f"[{kind}](../data/index.md#{kind})" for kind in entry.accepts]


def _metrics(entry: TaskEntry) -> str:
    return ", ".join(metric.name for metric in entry.metrics)


def _task(entry: TaskEntry) -> str:
    datasets = [_link("data", data.name) for data in DATA.entries() if data.kind in entry.accepts]
    metrics = [(m.name, m.unit, "higher" if m.higher_is_better else "lower") for m in entry.metrics]
    facts = [
        ("**Kinds of data**", ", ".join(_kinds(entry))),
        ("**Datasets**", ", ".join(datasets)),
        *_used("task", entry.name),
    ]
    parts = [
        f"# {entry.name}",
        f"{escaped(entry.description[:1].upper() + entry.description[1:])}.",
        table(["", ""], facts),
        "## Metrics",
        table(["metric", "unit", "better"], metrics),
        "## Options",
        _class(entry.target),
    ]
    return "\n\n".join(parts) + "\n"


def _data() -> str:
    parts = [
        "# Data",
        "A dataset is a LightningDataModule. What can be had is downloaded once from where it is published, or found "
        "under `--data.dir` or `$RNNZOO_DATA`; no data are part of the package. The kind says which tasks take it. "
        "[Data of your own](../bring-your-own-data.md) need a file at most.",
    ]
    kinds: dict[str, list[DataEntry]] = {}
    for entry in DATA.entries():
        kinds.setdefault(entry.kind, []).append(entry)
    for kind, entries in sorted(kinds.items()):
        tasks = ", ".join(_link("tasks", task.name) for task in TASKS.entries() if kind in task.accepts)
        rows = [(_link("data", entry.name), cell(entry.description), cell(entry.licence)) for entry in entries]
        parts += [f"## {kind}", f"For {tasks}.", table(["dataset", "what it is", "licence"], rows)]
    return "\n\n".join(parts) + "\n"


def _dataset(entry: DataEntry) -> str:
    tasks = ", ".join(_link("tasks", task.name) for task in TASKS.entries() if entry.kind in task.accepts)
    facts = [
        ("**Kind**", f"[{entry.kind}](index.md#{entry.kind}), for {tasks}"),
        ("**Licence**", cell(entry.licence)),
        ("**Source**", with_address(entry.source) or "made by the dataset itself, or yours: nothing is downloaded"),
        *_used("data", entry.name),
    ]
    parts = [
        f"# {entry.name}",
        f"{escaped(entry.description[:1].upper() + entry.description[1:])}.",
        table(["", ""], facts),
        "## Options",
        _class(entry.target),
    ]
    return "\n\n".join(parts) + "\n"


def _recipes() -> str:
    rows = []
    for name in list_recipes():
        config = recipe_config(name)
        task, data = _link("tasks", config["task"]), _link("data", config["data"]["class_path"])
        rows.append((_link("recipes", name), cell(config["description"]), task, data))
    said = "A recipe is the known-good configuration of a named model: `rnnzoo fit --config NAME` trains it."
    return f"# Recipes\n\n{said}\n\n{table(['recipe', 'what it makes', 'task', 'data'], rows)}\n"


def _recipe(name: str) -> str:
    config = recipe_config(name)
    text = (resources.files("rnnzoo.recipes") / f"{name}.yaml").read_text(encoding="utf-8")
    parts = [
        f"# {name}",
        f"{escaped(config['description'][:1].upper() + config['description'][1:])}.",
        f"Task {_link('tasks', config['task'])}, data {_link('data', config['data']['class_path'])}.",
        f"```bash\nrnnzoo fit --config {name} --run-dir my-run\nrnnzoo fit --config {name} --model.layer mingru\n```",
        "Every setting can be given on the command line; `rnnzoo fit --config NAME --help` lists them.",
        "## Settings",
        fenced(text, "yaml", f"rnnzoo/recipes/{name}.yaml"),
    ]
    return "\n\n".join(parts) + "\n"


def _models() -> str:
    rows = []
    for name in list_pretrained():
        entry = pretrained_entry(name)
        measured = ", ".join(f"{what} {value:.4g}" for what, value in entry.measured.items())
        data = f"[`{entry.data}`](data/{entry.data}.md)"
        rows.append(
            (f"`{name}`", cell(entry.description), data, measured, f"{entry.bytes / 1e6:.2f}", cell(entry.licence))
        )
    headings = ["model", "what it does", "data", "measured on the files as shipped", ">MB", "licence of the data"]
    parts = [
        "# Pretrained models",
        f"They come with the package: `rnnzoo.load_pretrained({json.dumps(list_pretrained()[0])})`, "
        f"`rnnzoo predict {list_pretrained()[0]} ...`. [Finished models](pretrained.md) says more.",
        table(headings, rows),
    ]
    return "\n\n".join(parts) + "\n"
