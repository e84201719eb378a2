"""Lightning's logger for Weights & Biases, which gives up instead of stopping a training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lightning.pytorch.loggers import WandbLogger

from rnnzoo.bench.wandb_run import restart_service, server_failed, spoken


class GuardedWandbLogger(WandbLogger):
    """Logs to a run that has been started; after the first failure (its service was killed) it logs no more.

    Attributes:
        alive: whether it still logs.
    """

    def __init__(self, session: Any, save_dir: str) -> None:
        super().__init__(experiment=session, save_dir=save_dir)
        self.alive = True

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log numbers at a step."""
        self._guarded(lambda: WandbLogger.log_metrics(self, metrics, step))

    def log_hyperparams(self, params: Any) -> None:
        """Add the model's arguments to the run's configuration, under one key: a name may be there already."""
        self._guarded(lambda: WandbLogger.log_hyperparams(self, {"hyperparameters": dict(params)}))

    def _guarded(self, log: Callable[[], None]) -> None:
        if not self.alive:
            return
        try:
            log()
        except Exception as error:  # the training matters more
            import wandb

            self.alive = False
            server_failed(f"stopped in mid-run ({spoken(error)})")
            restart_service(wandb)
