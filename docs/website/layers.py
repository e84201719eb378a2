"""A page for each architecture, made of its registration and docstrings, and of the tables it has rows in."""

from __future__ import annotations

import inspect
import re
import sys
from functools import cache

from architectures import WIDTH, layers_by_kind
from speed_rows import table

from rnnzoo.contracts import LayerEntry
from rnnzoo.recurrent.options import cell_options
from rnnzoo.recurrent.page import abilities, backends, cite, in_time, parameter_count, state_formula
from website.links import ROOT
from website.text import cell, equations, escaped, signature, with_address


def layer_pages() -> dict[str, str]:
    """The page of each of the package's architectures, by its place on the site."""
    return {f"layers/{entry.name}.md": _page(entry) for entries in layers_by_kind().values() for entry in entries}


def with_links(markdown: str) -> str:
    """The page of all architectures, each name a link to its own page."""
    return re.sub(r"^\| `(\w+)` \|", r"| [`\1`](layers/\1.md) |", markdown, flags=re.MULTILINE)


def example(entry: LayerEntry) -> str:
    """A layer of this architecture in use, small enough to be read off."""
    own = ("input_size", "hidden_size", *cell_options(entry.target))  # the others are told to it by its stack
    arguments = ", ".join(f"{name}={value!r}" for name, value in entry.tiny.items() if name in own)
    size = entry.tiny["input_size"]
    return (
        f"import torch\nimport rnnzoo\n\nlayer = rnnzoo.{entry.class_name}({arguments}, batch_first=True)\n"
        f"y, state = layer(torch.randn(2, 10, {size}))  # 2 sequences of 10 steps"
    )


def _page(entry: LayerEntry) -> str:
    module = sys.modules[entry.target.__module__]
    path = f"../../rnnzoo/layers/{entry.target.__module__.rpartition('.')[2]}.py"
    parts = [
        f"---\ntitle: {entry.class_name}\n---\n# {entry.class_name}",
        f"`{entry.name}`: {escaped(entry.description)}.",
        "## Equations",
        equations(inspect.getdoc(module) or ""),
        "## What it is",
        table(["", ""], _facts(entry)),
        "## In use",
        f"```python\n{example(entry)}\n```",
        "It takes the arguments, inputs and states of `torch.nn.LSTM`, as every layer of the zoo does; "
        f"`--model.layer {entry.name}` is it in any task, `--layers {entry.name}` in any table.",
        "## Options",
        signature(entry.target),
        f"::: {entry.target.__module__}.{entry.target.__qualname__}\n    options:\n      members: []",
        f"[The file]({path}) has all of it.",
    ]
    return "\n\n".join(parts) + "\n"


def _facts(entry: LayerEntry) -> list[tuple[str, str]]:
    kind = f"[{entry.kind}](../architectures.md#{entry.kind}-{len(layers_by_kind()[entry.kind])})"
    tables = [f"[{name}](../generated/{name}.md)" for name in _measured().get(entry.name, ())]
    facts = {
        "Paper": with_address(cite(entry)) or "not published",
        "Kind of recurrence": f"{kind}, {in_time(entry) or 'step by step'}",
        "State": f"{cell(state_formula(entry))}, without the batch",
        "Parameters": f"{parameter_count(entry, WIDTH, WIDTH):,} with I = H = {WIDTH}",
        "Held to": _oracle(entry.oracle),
        "Backends": ", ".join(backends(entry)),
        "Can also": ", ".join(abilities(entry)),
        "Elsewhere": cell(entry.differs),
        "Exempt": "; ".join(f"{law} ({cell(reason)})" for law, reason in entry.exemptions.items()),
        "Measured in": ", ".join(tables),
    }
    return [(f"**{name}**", said) for name, said in facts.items() if said]


def _oracle(oracle: str | None) -> str:
    if oracle is None:
        return "nothing: unverified"
    return f"`{oracle}`" if oracle.startswith("torch.nn.") else f"[its oracle](../../{oracle}) in NumPy"


@cache
def _measured() -> dict[str, list[str]]:
    """The tables with rows of each layer, as the names of the rows' files say."""
    found: dict[str, list[str]] = {}
    for page in sorted((ROOT / "docs" / "generated").glob("*.md")):
        files = (ROOT / "benchmarks" / "results" / page.stem).glob("*.jsonl")
        for layer in {file.stem.partition("-")[2].rpartition("-")[0] for file in files}:
            found.setdefault(layer, []).append(page.stem)
    return found
