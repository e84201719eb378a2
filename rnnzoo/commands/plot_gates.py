"""The picture of ``rnnzoo plot gates``: what a model's gates do as it reads an input."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MODEL, INPUT = "digit-sum-lstm", "6700100000"
"""Of textbook chapter 6, experiment 6.3: seven and six are thirteen, and the 1 behind them is to be passed over."""

LONGEST = 160
"""Characters of the input in the title; of a longer one the middle is left out."""


class GatesError(ValueError):
    """The gates asked for cannot be shown."""


def draw(options: argparse.Namespace) -> tuple[str, Figure]:
    """The stem of a file's name, and the figure.

    Raises:
        UnknownName: no such model, layer or value; near misses follow.
        NoGates: the model's layer has none.
        GatesError: there is no input, or the model cannot read it or is of a task without recurrent layers.
    """
    name = options.model or MODEL
    from rnnzoo.figures import default_names, gate_panels, gates
    from rnnzoo.pretrained import load_pretrained
    from rnnzoo.registry import unknown

    model: Any = load_pretrained(name)
    given = INPUT if options.input is None and name == MODEL else options.input
    if given is None:
        raise GatesError(f"--input is needed: what shall {name} read?")
    if not hasattr(model, "gate_values"):
        raise GatesError(f"{name} is a {type(model).__name__}, which does not show its gates; try {MODEL}.")
    raw = [given if model.spec["input"] == "tokens" else _numbers(given)]
    found = model.gate_values(raw)
    layer = options.layer or next(iter(found))
    if layer not in found:
        raise unknown(f"layer of {name}", layer, found)
    values, (steps,), (answer,) = found[layer], model.steps(raw), model.predict(raw)
    names = [part.strip() for part in options.values.split(",")] if options.values else default_names(values)
    for part in names:
        if part not in values.gates and part not in values.states:
            raise unknown(f"value of {name}", part, [*values.gates, *values.states])
    where = f", layer {layer}" if len(found) > 1 else ""
    read = given if len(given) <= LONGEST else f"{given[: LONGEST // 2]} … {given[-LONGEST // 2 :]}"
    title = f"{name}{where} reads “{read}” and answers “{answer.label}” (probability {answer.probability:.3f})"
    return f"gates-{Path(name).stem}", gates(gate_panels(values, names), steps, title=title)


def _numbers(given: str) -> list[float]:
    try:
        return [float(part) for part in re.split(r"[,\s]+", given.strip())]
    except ValueError as error:
        raise GatesError(f"--input is {given!r:.60}; this model reads numbers, such as '0.5, 1, 0'.") from error
