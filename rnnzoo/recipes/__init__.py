"""Recipes: the known-good configuration of a named model, as a LightningCLI config.

A recipe's YAML has a ``description``, the ``task`` by its registered name, the data's registered name as its
``class_path``, and otherwise what LightningCLI takes: ``seed_everything``, ``data``, ``model``, ``trainer``.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

import yaml

from rnnzoo.registry import unknown

KEYS = ("description", "task", "seed_everything", "data", "model", "trainer", "ckpt_path")


class RecipeError(ValueError):
    """A configuration file is not one that ``rnnzoo fit`` can use."""


def list_recipes() -> list[str]:
    """The names of the recipes, sorted."""
    folder = resources.files("rnnzoo.recipes")
    return sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))


def recipe_config(name: str) -> dict[str, Any]:
    """The configuration of the recipe called ``name``.

    Raises:
        UnknownName: no recipe has this name; lists near misses.
    """
    if name not in list_recipes():
        raise unknown("recipe", name, list_recipes(), see="rnnzoo list recipes")
    text = (resources.files("rnnzoo.recipes") / f"{name}.yaml").read_text(encoding="utf-8")
    return parse_config(text, f"recipe {name}")


def parse_config(text: str, where: str) -> dict[str, Any]:
    """The configuration in YAML ``text``; ``where`` names its origin in errors.

    Raises:
        RecipeError: it is not YAML, not a mapping, or has a key that is not known.
    """
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"{where} is not YAML: {error}") from error
    if not isinstance(config, dict):
        raise RecipeError(f"{where}: a configuration is a mapping of settings, not {type(config).__name__}.")
    for key in config:
        if key not in KEYS:
            raise RecipeError(f"{where}: {unknown('setting', str(key), KEYS)}")
    return config


def create_data(recipe: str, **overrides: Any) -> Any:
    """The DataModule of a recipe, with ``overrides`` of its arguments.

    Raises:
        UnknownName: no such recipe.
    """
    from rnnzoo.registry import DATA

    data = recipe_config(recipe)["data"]
    return DATA.create(data["class_path"], **{**data.get("init_args", {}), **overrides})


def create_model(recipe: str, *, spec: Any = None, **overrides: Any) -> Any:
    """The task of a recipe, untrained: ``create_model("imdb-bilstm", layer="mingru")``.

    Args:
        recipe: its name.
        spec: the data's, where the model is for other data than the recipe's.
        overrides: arguments of the task that differ from the recipe's.

    Raises:
        UnknownName: no such recipe.
        MissingData: the recipe's data decides the model's sizes, and is not there (give ``spec``).
    """
    from rnnzoo.registry import TASKS

    config = recipe_config(recipe)
    if spec is None:
        spec = create_data(recipe).spec
    return TASKS.create(config["task"], spec=spec, **{**config.get("model", {}), **overrides})
