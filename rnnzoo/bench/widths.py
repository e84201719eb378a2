"""Equal budgets: the width that gives a model as many parameters as all others of its table.

The budget is for the whole model, embedding and head included: what a user would have to store, and what a row says
under ``parameters``. A budget for the recurrent layer alone would favour layers of few weights a unit, whose many
outputs get a head that nobody counts. The embedding is the same for every layer, and may be far larger than all the
rest; so how close a model comes to the budget is told as a share of the parameters that the width decides on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from rnnzoo.bench.errors import TableError
from rnnzoo.bench.settings import arguments_of
from rnnzoo.bench.table import Table, TableEntry
from rnnzoo.registry import TASKS

if TYPE_CHECKING:
    from torch import nn

START = 8
"""The first width that is tried."""
REACH = 64
"""How many widths in a row a layer may refuse, beyond as many as the first of them."""


class Sized(NamedTuple):
    """A model of some width: its parameters by name."""

    width: int
    sizes: Mapping[str, int]

    @property
    def parameters(self) -> int:
        """Of the whole model."""
        return sum(self.sizes.values())


class Widths:
    """The widths of the entries of ``table``, each worked out once: variants and trials mostly share theirs."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._found: dict[str, int] = {}

    def of(self, entry: TableEntry, model: Mapping[str, Any], data: Any) -> dict[str, int]:
        """The ``hidden_size`` that the budget gives ``entry``, with all its settings in ``model``; empty: none is due.

        None is due without a budget, for an entry that says its width, and where there is no recurrent layer.

        Raises:
            TableError: no width comes near enough to the budget.
        """
        from rnnzoo.tasks._base import SequenceTask

        budget = entry.parameters or self.table.parameters
        if budget is None or entry.layer == "none" or "hidden_size" in entry.model:
            return {}
        training = arguments_of(SequenceTask, "spec")  # which do not touch the number of parameters
        model = {key: value for key, value in model.items() if key != "hidden_size"}
        shape = {key: value for key, value in model.items() if key not in training}
        key = json.dumps([entry.label, shape, data.spec], sort_keys=True)
        if key not in self._found:
            where = f"table {self.table.name}, entry {entry.label}"
            self._found[key] = solve_width(
                self.table.task, entry.layer, data.spec, model, budget, self.table.tolerance, where
            )
        return {"hidden_size": self._found[key]}


def count_parameters(model: nn.Module) -> int:
    """What a row says under ``parameters``."""
    return sum(parameter.numel() for parameter in model.parameters())


def solve_width(
    task: str, layer: str, spec: Any, model: Mapping[str, Any], budget: int, tolerance: float, where: str
) -> int:
    """The ``hidden_size`` with which the model has the number of parameters nearest to ``budget``.

    Only widths that the layer accepts are tried; one that it refuses (by a ``ValueError``: heads, chunks, blocks) is
    passed over. The count has to grow with the width.

    Args:
        task, layer, spec, model: what the model is made of; ``model`` without ``hidden_size``.
        budget: parameters of the whole model.
        tolerance: how far from it, as a share of the parameters that the width decides on.
        where: names the table and the entry in errors.

    Raises:
        TableError: the layer accepts no width, or none comes near enough; says which come nearest.
    """

    import torch

    def sized(width: int) -> Sized:
        with torch.random.fork_rng(devices=[]), torch.device("meta"):  # shapes alone: nothing is drawn
            made = TASKS.create(task, spec=spec, layer=layer, **{**model, "hidden_size": width})
        return Sized(width, {name: parameter.numel() for name, parameter in made.named_parameters()})

    near = _around(sized, budget, f"{where}, layer {layer}")
    best = min(near, key=lambda one: abs(one.parameters - budget))
    fixed = _fixed(near)
    if abs(best.parameters - budget) > tolerance * max(budget - fixed, 0):
        told = " and ".join(f"{one.parameters:,} with hidden_size {one.width}" for one in near)
        raise TableError(
            f"{where}: no hidden_size gives layer {layer} {budget:,} parameters to within {tolerance:.0%} of the "
            f"{max(budget - fixed, 0):,} that the width decides on; nearest are {told}. Change `parameters` or "
            "`tolerance`, or give the layer an entry with a hidden_size of its own."
        )
    return best.width


def _around(sized: Callable[[int], Sized], budget: int, where: str) -> list[Sized]:
    """The largest model within the budget and the smallest beyond it; where none is within it, the two smallest.

    Only one, where the layer accepts no larger width.
    """
    below: Sized | None = None
    above = _accepted(sized, START, 2 * START + REACH) or _accepted(sized, 1, START)
    if above is None:
        raise TableError(f"{where} accepts no hidden_size up to {2 * START + REACH}: {_refusal(sized, START)}")
    while above is not None and above.parameters <= budget:
        if below is not None and below.parameters >= above.parameters:
            raise TableError(
                f"{where} has {above.parameters:,} parameters with hidden_size {above.width} and no fewer with "
                f"{below.width}; a budget needs a layer that grows with its width."
            )
        below, above = above, _accepted(sized, 2 * above.width, 4 * above.width + REACH)
    left, right = below.width + 1 if below else 1, above.width if above else 0
    while left < right:
        middle = (left + right) // 2
        tried = _accepted(sized, middle, right)
        if tried is None or tried.parameters > budget:
            above, right = tried or above, middle
        else:
            below, left = tried, tried.width + 1
    if below is None and above is not None:  # the smallest there is; the next shows what the width decides on
        below, above = above, _accepted(sized, above.width + 1, 2 * above.width + REACH)
    return [one for one in (below, above) if one is not None]


def _accepted(sized: Callable[[int], Sized], first: int, end: int) -> Sized | None:
    """The model of the first width from ``first`` to ``end - 1`` that the layer accepts; None: there is none."""
    for width in range(first, end):
        try:
            return sized(width)
        except ValueError:  # the layer refuses this width
            continue
    return None


def _refusal(sized: Callable[[int], Sized], width: int) -> str:
    try:
        sized(width)
    except ValueError as error:
        return str(error)
    return ""


def _fixed(models: list[Sized]) -> int:
    """The parameters that are the same in all ``models``: what the width does not decide on."""
    if len(models) < 2:
        return 0
    first, second = models
    return sum(size for name, size in first.sizes.items() if second.sizes.get(name) == size)
