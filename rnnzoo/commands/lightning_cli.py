"""LightningCLI with rnnzoo's defaults: the model is built for the data, each run has its folder, a model ends it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint, RichProgressBar
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from rich.console import Console

from rnnzoo.bench.compiling import Compile
from rnnzoo.bench.loggers import RunLogs
from rnnzoo.bench.slow_precision import tell_slow_precision
from rnnzoo.callbacks import BestCheckpoint, NonFinite, ResumePoint, Throughput, check_checkpoint
from rnnzoo.contracts import TaskEntry
from rnnzoo.data._base import ZooData


class PlainProgress(Callback):
    """One line a validation, where there is no terminal to draw a bar on."""

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the metrics of the validation."""
        if trainer.is_global_zero and not trainer.sanity_checking:
            shown = {key: float(value) for key, value in trainer.callback_metrics.items() if key.startswith("val/")}
            words = ", ".join(f"{key} {value:.4f}" for key, value in shown.items())
            print(f"epoch {trainer.current_epoch + 1}, step {trainer.global_step}: {words}", flush=True)


class ZooCLI(LightningCLI):
    """LightningCLI that gives ``data.spec`` to the model, and the Trainer its callbacks, loggers and folder.

    Args:
        folder: the run's folder.
        wandb: ``online``, ``offline`` or ``off``.
        name: of the recipe.
        stack: ends the logs of the run.
        compiles: whether ``--compile`` was given.
        options: LightningCLI's own arguments.
    """

    def __init__(
        self, *, folder: Path, wandb: str, name: str, stack: ExitStack, compiles: bool, **options: Any
    ) -> None:
        self.compiles = compiles
        self.logs: RunLogs | None = None
        self.stack = stack
        self.folder = folder
        self.wandb = wandb
        self.name = name
        super().__init__(**options)

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """The model is built for the data."""
        parser.link_arguments("data.spec", "model.spec", apply_on="instantiate")

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse what was resolved, whatever the process was called with; nothing in a checkpoint is to run.

        Raises:
            DamagedCheckpoint: the checkpoint is not whole, or holds more than tensors and plain values.
            FileNotFoundError: there is none.
        """
        self.config = parser.parse_args(args)
        settings = self.config[self.config["subcommand"]]
        settings["weights_only"] = True
        if settings.get("ckpt_path"):
            check_checkpoint(settings["ckpt_path"])

    def _instantiate_trainer(self, config: dict[str, Any], callbacks: list[Callback]) -> Trainer:
        given = config.get("callbacks") or []
        given = given if isinstance(given, list) else [given]
        own: list[Callback] = []
        if self.subcommand == "fit":
            own += [*([Compile()] if self.compiles else []), NonFinite(), Throughput()]
            keeps = any(isinstance(callback, ModelCheckpoint) for callback in given)
            if config.get("enable_checkpointing") is not False and not keeps:
                own.append(BestCheckpoint(self.model.metric_specs[0].name, dirpath=self.folder))
            if config.get("enable_checkpointing") is not False:
                own.append(ResumePoint(self.folder / "last.ckpt"))
        else:
            config["enable_checkpointing"] = False
        if config.get("enable_progress_bar") is not False:
            terminal = Console(stderr=False).is_terminal
            own.append(RichProgressBar() if terminal else PlainProgress())
            config["enable_progress_bar"] = terminal
            if config.get("enable_model_summary") is None:
                config["enable_model_summary"] = terminal
        if config.get("default_root_dir") is None:
            config["default_root_dir"] = str(self.folder)
        if config.get("logger") in (None, True):
            settings = yaml.safe_load(self._parser(self.subcommand).dump(self.config[self.subcommand]))
            logs = RunLogs(
                self.folder,
                self.wandb,
                group=self.name,
                name=f"{self.name}-{self.folder.name}",
                config=settings,
                measured_by="test" if self.subcommand == "test" else "validate",
            )
            self.logs = self.stack.enter_context(logs)
            config["logger"] = logs.loggers
            own += logs.callbacks
        config["callbacks"] = [*given, *own]
        trainer = super()._instantiate_trainer(config, callbacks)
        tell_slow_precision(str(trainer.precision), trainer.strategy.root_device)
        return trainer


def run_lightning(
    command: str,
    task: TaskEntry,
    config: dict[str, Any],
    arguments: Sequence[str],
    *,
    folder: Path,
    wandb: str,
    name: str,
    compiles: bool = False,
) -> int:
    """Run ``command`` of the Trainer for ``task`` with ``config`` and the ``arguments`` that override it.

    ``fit`` leaves the best checkpoint's model in ``folder/model`` and prints where.
    """
    from rnnzoo.bench.loggers import conclude_fit
    from rnnzoo.bench.quiet import quiet
    from rnnzoo.bench.run_id import forget_run_id
    from rnnzoo.pretrained import save_pretrained

    with tempfile.TemporaryDirectory() as aside, quiet(), ExitStack() as stack:
        resolved = Path(aside) / "config.yaml"
        resolved.write_text(yaml.safe_dump(config), encoding="utf-8")
        cli = ZooCLI(
            folder=folder,
            wandb=wandb,
            name=name,
            stack=stack,
            compiles=compiles,
            model_class=task.target,
            datamodule_class=ZooData,
            subclass_mode_data=True,
            auto_configure_optimizers=False,
            load_from_checkpoint_support=False,
            args=[command, "--config", str(resolved), *arguments],
        )
        if command == "fit":
            best = load_best(cli.trainer, cli.model)
            if cli.trainer.is_global_zero:
                print(f"run: {folder}")
                print(f"model: {save_pretrained(cli.model, folder / 'model')}")
            if cli.logs is not None:
                conclude_fit(cli.logs, name, cli.trainer, cli.datamodule, best)
                if cli.trainer.is_global_zero:
                    forget_run_id(folder)
    return 0


def load_best(trainer: Trainer, task: LightningModule) -> Path | None:
    """Put the best checkpoint's weights into the model, and give its path; None where none was kept: the last step's.

    The first process knows it for all.
    """
    import torch

    best = trainer.strategy.broadcast(getattr(trainer.checkpoint_callback, "best_model_path", ""))
    if not best:
        return None
    task.load_state_dict(torch.load(best, map_location="cpu", weights_only=True)["state_dict"])
    return Path(best)
