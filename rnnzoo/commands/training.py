"""``rnnzoo fit``, ``validate`` and ``test``: LightningCLI, once the names of recipes and data are resolved."""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rnnzoo.bench.errors import DeviceError
from rnnzoo.bench.launched import Launched, launched
from rnnzoo.bench.wandb_mode import WANDB_MODES, default_wandb
from rnnzoo.commands.going_on import RUN_FOLDER
from rnnzoo.commands.imports import import_files
from rnnzoo.commands.trainer_devices import as_launched, check_trainer
from rnnzoo.recipes import RecipeError, list_recipes, parse_config, recipe_config
from rnnzoo.recurrent.options import cell_options
from rnnzoo.registry import DATA, LAYERS, TASKS, unknown

USAGE = """\
usage: rnnzoo {command} --config NAME_OR_FILE [--data NAME] [--model.layer NAME] [overrides]

  --config NAME_OR_FILE  a recipe ({recipes}) or a YAML file of your own
  --data NAME            other data (`rnnzoo list data`), its settings as --data.KEY VALUE
  --model.layer NAME     another layer (`rnnzoo list layers`), every other setting of the model as --model.KEY VALUE
  --devices N            devices the training is spread over, each with batches of --data.batch_size rows
  --nodes M              machines of N devices each, on which torchrun or SLURM starts this same command
  --strategy S           ddp, fsdp or another of Lightning's (by itself: ddp on several devices)
  --compile              through torch.compile, where the layer declares it and its first steps are quicker so
  --precision P          32, bf16-mixed, 16-mixed (GPU) or another of Lightning's
  --accumulate K         batches of each device that make up a step of the optimiser: N * M * K * batch_size rows
  --import FILE          a Python file of your own, whose layers are then known by name (may be given again)
  --wandb MODE           Weights & Biases: online, offline or off (online where a key is set, else offline)
  --run-dir DIR          folder of this run (./rnnzoo-runs/NAME/TIME)
  --ckpt_path FILE       the checkpoint to go on from, or to measure

Everything else is an option of Lightning's Trainer (--trainer.max_epochs 3), the task or the data;
`rnnzoo {command} --config NAME --help` lists them all.
"""

SHORT = {
    "--devices": "--trainer.devices",
    "--nodes": "--trainer.num_nodes",
    "--strategy": "--trainer.strategy",
    "--precision": "--trainer.precision",
    "--accumulate": "--trainer.accumulate_grad_batches",
}


def run(command: str, arguments: Sequence[str]) -> int:
    """Carry out ``fit``, ``validate`` or ``test`` with LightningCLI.

    Raises:
        UnknownName: a recipe, dataset, layer or task is not known.
        RecipeError: there is no configuration, or it cannot be read.
    """
    arguments = [part for argument in arguments for part in _split(argument)]
    if arguments in (["--help"], ["-h"]):
        print(USAGE.format(command=command, recipes=", ".join(list_recipes())))
        return 0
    import_files(_take_all(arguments, "--import"))
    name, config = _configuration(_take(arguments, "--config"), command)
    data_name = _take(arguments, "--data")
    config["data"] = _data(config.get("data"), data_name)
    task = TASKS.entry(config.pop("task", "sequence_classification"))
    layer = _check_layer(arguments, config)
    compiles = _take_flag(arguments, "--compile")
    if compiles:
        _check_compile(command, layer, arguments, config)
    _check_settings(arguments, config, task.target)
    given_folder = _take(arguments, "--run-dir")
    wandb = _take(arguments, "--wandb") or default_wandb()
    if wandb not in WANDB_MODES:
        raise unknown("--wandb mode", wandb, WANDB_MODES)
    if command != "fit" and "--ckpt_path" not in arguments and "ckpt_path" not in config and not _helps(arguments):
        raise RecipeError(f"`rnnzoo {command}` needs --ckpt_path: the checkpoint to measure, such as RUN/best.ckpt.")
    arguments = [SHORT.get(argument, argument) for argument in arguments]
    there = launched()
    if there is not None and not _helps(arguments):
        arguments = as_launched(there, arguments, config)
    try:
        check_trainer(arguments, config)
    except DeviceError:
        if there is None or there.leads:
            raise
        return 2  # the first process says why
    folder = _run_folder(given_folder, name, there)
    config.pop("description", None)
    from rnnzoo.commands.lightning_cli import run_lightning

    return run_lightning(command, task, config, arguments, folder=folder, wandb=wandb, name=name, compiles=compiles)


def _helps(arguments: Sequence[str]) -> bool:
    return bool({"--help", "-h", "--print_config"} & set(arguments))


def _run_folder(given: str | None, name: str, there: Launched | None) -> Path:
    """The folder of this run; the further processes of a training on several devices take the first one's."""
    if there is None and os.environ.get("LOCAL_RANK", "0") != "0" and RUN_FOLDER in os.environ:
        return Path(os.environ[RUN_FOLDER])
    swept = os.environ.get("WANDB_RUN_ID")  # two agents of a sweep may begin in the same second
    when = datetime.now().strftime("%Y%m%d-%H%M%S") + (f"-{swept}" if swept else "")
    folder = Path(given) if given else Path("rnnzoo-runs") / name / when
    if there is not None:
        folder = there.agree(folder)
    os.environ[RUN_FOLDER] = str(folder)
    return folder


def _split(argument: str) -> list[str]:
    """``--key=value`` as two arguments, so that both forms read alike."""
    if argument.startswith("--") and "=" in argument:
        return argument.split("=", 1)
    return [argument]


def _take(arguments: list[str], option: str) -> str | None:
    """Remove ``option`` and its value from ``arguments``; the value, or None."""
    if option not in arguments:
        return None
    place = arguments.index(option)
    if place + 1 >= len(arguments):
        raise RecipeError(f"{option} needs a value.")
    value = arguments[place + 1]
    del arguments[place : place + 2]
    return value


def _take_all(arguments: list[str], option: str) -> list[str]:
    """Remove ``option`` and its value as often as they stand in ``arguments``; the values."""
    found = []
    while (value := _take(arguments, option)) is not None:
        found.append(value)
    return found


def _configuration(given: str | None, command: str) -> tuple[str, dict[str, Any]]:
    if given is None:
        raise RecipeError(f"`rnnzoo {command}` needs --config: a recipe ({', '.join(list_recipes())}) or a YAML file.")
    path = Path(given)
    if given in list_recipes():
        return given, recipe_config(given)
    if path.suffix not in (".yaml", ".yml"):
        raise unknown("recipe", given, list_recipes(), see="rnnzoo list recipes")
    if not path.is_file():
        raise RecipeError(f"there is no configuration file {path}.")
    try:
        return path.stem, parse_config(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path} is not UTF-8 (byte {error.start}); convert it first.") from error


def _data(recipe: Any, name: str | None) -> dict[str, Any]:
    """The data's configuration with the class's full path; of other data's settings only those that it takes too."""
    if not isinstance(recipe, dict):
        recipe = {}
    given = recipe.get("class_path", "")
    chosen = name or given
    if not chosen:
        raise RecipeError("the configuration names no data; give --data NAME (`rnnzoo list data` lists them).")
    if "." in chosen:
        return {**recipe, "class_path": chosen}
    target = DATA.entry(chosen).target
    settings = dict(recipe.get("init_args", {}))
    if chosen != given:
        takes = inspect.signature(target).parameters
        settings = {key: value for key, value in settings.items() if key in takes}
    return {"class_path": f"{target.__module__}.{target.__qualname__}", "init_args": settings}


def _take_flag(arguments: list[str], option: str) -> bool:
    """Remove ``option``, which takes no value; whether it stood there."""
    there = option in arguments
    arguments[:] = [argument for argument in arguments if argument != option]
    return there


def _check_compile(command: str, layer: str, arguments: Sequence[str], config: dict[str, Any]) -> None:
    from rnnzoo.bench.compile_check import check_compile

    if command != "fit":
        raise RecipeError(f"--compile is for `rnnzoo fit`; `rnnzoo {command}` has no steps that would pay for it.")
    strategy = str((config.get("trainer") or {}).get("strategy", "auto"))
    for option in ("--strategy", "--trainer.strategy"):
        if option in arguments:
            strategy = arguments[arguments.index(option) + 1]
    check_compile([layer], strategy)


def _check_layer(arguments: Sequence[str], config: dict[str, Any]) -> str:
    """The layer. Stop at an unknown one before anything is loaded; of another's options keep those it takes too."""
    model = config.get("model") or {}
    layer = given = model.get("layer", "lstm")
    if "--model.layer" in arguments:
        layer = list(arguments)[list(arguments).index("--model.layer") + 1]
    of_stacks = dict.fromkeys(("wrappers", "hybrid", "initialization"))
    takes = {} if layer == "none" else {**cell_options(LAYERS.entry(layer).target), **of_stacks}
    if layer != given and model.get("layer_options"):
        kept = {key: value for key, value in model["layer_options"].items() if key in takes}
        config["model"] = {**model, "layer_options": kept}
    return layer


def _check_settings(arguments: Sequence[str], config: dict[str, Any], task: type) -> None:
    """Stop at a setting that nothing takes: near misses are a better answer than the list of all options."""
    from lightning.pytorch import Trainer

    from rnnzoo.bench.settings import arguments_of

    takes = {"model": arguments_of(task, "spec"), "trainer": arguments_of(Trainer)}
    data = config["data"]
    if data["class_path"].startswith("rnnzoo."):
        module, name = data["class_path"].rsplit(".", 1)
        takes["data"] = arguments_of(getattr(importlib.import_module(module), name))
    given = [(part, key) for part in ("model", "trainer") for key in config.get(part) or {}]
    given += [("data", key) for key in data.get("init_args", {})]
    for argument in arguments:
        part, _, rest = argument.removeprefix("--").partition(".")
        if argument.startswith("--") and rest and part in takes:
            given.append((part, rest.removeprefix("init_args.").split(".")[0].rstrip("+")))
    for part, key in given:
        if part in takes and key not in (*takes[part], "init_args", "class_path"):
            raise unknown(f"setting of the {part}", key, takes[part])
