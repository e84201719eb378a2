"""Initial weights as named recipes, for any cell that has what a recipe sets.

    rnnzoo.initialize(layer, "chrono", max_time=784)
    rnnzoo.LSTM(10, 20, initialization={"orthogonal": None, "chrono": {"max_time": 784}})

and so in a configuration: ``layer_options: {initialization: {chrono: {max_time: 784}}}``. What a recipe does not name
stays as it was built. Random ones draw from torch's generator.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import nn

from rnnzoo.initialization._cells import RecipeError
from rnnzoo.initialization.chrono import chrono
from rnnzoo.initialization.forget_bias import forget_bias
from rnnzoo.initialization.hippo import hippo
from rnnzoo.initialization.identity import identity
from rnnzoo.initialization.orthogonal import orthogonal
from rnnzoo.initialization.power_law import power_law
from rnnzoo.initialization.ring import ring
from rnnzoo.registry import unknown
from rnnzoo.wrappers import innermost

__all__ = ["RECIPES", "RecipeError", "check_recipes", "initialize", "initialize_cells"]

RECIPES: dict[str, Callable[..., None]] = {
    "chrono": chrono,
    "forget_bias": forget_bias,
    "hippo": hippo,
    "identity": identity,
    "orthogonal": orthogonal,
    "power_law": power_law,
    "ring": ring,
}
"""Every recipe by name: a function of a cell and of options; ``place``, 0 for the lowest layer to 1, is given."""


def initialize(layer: nn.Module, recipe: str, **options: Any) -> None:
    """Give every cell in ``layer`` the initial weights of a recipe, in place.

    Args:
        layer: a stack such as ``rnnzoo.LSTM``, a cell, or a model with stacks in it.
        recipe: a name of `RECIPES`.
        **options: the recipe's own.

    Raises:
        UnknownName: no such recipe or option; the message has near misses.
        RecipeError: a cell lacks what the recipe sets, or there is no cell; the message names both.
        ValueError: an option is out of its range.
    """
    check_recipes({recipe: options})
    stacks = [cells for module in layer.modules() if isinstance(cells := getattr(module, "cells", None), nn.ModuleList)]
    if not stacks and hasattr(layer, "initial_state"):
        stacks = [nn.ModuleList([layer])]
    if not stacks:
        raise RecipeError(f"initialization '{recipe}': there is no recurrent layer in {type(layer).__name__}.")
    owners = {id(cells): module for module in layer.modules() if (cells := getattr(module, "cells", None)) is not None}
    for cells in stacks:
        directions = int(getattr(owners.get(id(cells)), "num_directions", 1))
        initialize_cells(list(cells), {recipe: options}, directions)


def initialize_cells(cells: list[Any], recipes: Mapping[str, Mapping[str, Any] | None], directions: int = 1) -> None:
    """The recipes for the cells of a stack, layer by layer, in turn; wrapped cells are found inside their wrappers.

    Raises:
        RecipeError, ValueError: as `initialize`.
    """
    layers = len(cells) // directions
    with torch.no_grad():
        for name, options in recipes.items():
            for i, cell in enumerate(cells):
                place = {"place": (i // directions) / max(layers - 1, 1)}
                RECIPES[name](innermost(cell), **(options or {}), **_taken(name, place))


def check_recipes(recipes: Any) -> Mapping[str, Mapping[str, Any] | None]:
    """``recipes`` itself, where it names recipes and options that there are.

    Raises:
        TypeError: it is no mapping of mappings, or an option that has to be given is missing.
        UnknownName: no such recipe or option; the message has near misses.
    """
    if not isinstance(recipes, Mapping):
        raise TypeError(f"initialization is {recipes!r}; expected options by name, such as {{'orthogonal': None}}.")
    for name, options in recipes.items():
        if name not in RECIPES:
            raise unknown("initialization", name, RECIPES)
        if not isinstance(options, (Mapping, type(None))):
            raise TypeError(f"initialization['{name}'] is {options!r}; expected its options by name, or None for none.")
        takes = _options(name)
        for option in options or {}:
            if option not in takes:
                raise unknown(f"option of the initialization {name}", option, takes)
        for option, parameter in takes.items():
            if parameter.default is parameter.empty and option not in (options or {}):
                raise TypeError(f"initialization '{name}' needs {option}: it has no usual value.")
    return recipes


def _options(name: str) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(RECIPES[name]).parameters
    return {key: parameter for key, parameter in parameters.items() if key not in ("cell", "place")}


def _taken(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    takes: Iterable[str] = inspect.signature(RECIPES[name]).parameters
    return {key: value for key, value in given.items() if key in takes}
