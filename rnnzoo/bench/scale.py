"""How one training is spread: devices, machines, strategy, accumulation. None of it changes what the run computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rnnzoo.bench.errors import TableError
from rnnzoo.registry import unknown

STRATEGIES = ("auto", "ddp", "fsdp")
IN_STEPS = ("limit_train_batches", "val_check_interval")
"""Arguments of the Trainer that count batches of a process; in a table they count steps of the optimiser."""


@dataclass(frozen=True)
class Scale:
    """Devices on each of ``nodes`` machines, Lightning's ``strategy``, and the parts that a batch is taken in.

    A table's ``batch_size`` is that of a whole optimiser step: each of W processes takes it in ``accumulate`` parts of
    about batch_size / (W * accumulate) rows.

    Raises:
        TableError: a number below 1.
        UnknownName: a strategy that is none of ``STRATEGIES``.
    """

    devices: int = 1
    nodes: int = 1
    strategy: str = "auto"
    accumulate: int = 1
    compile: bool = False

    def __post_init__(self) -> None:
        for name in ("devices", "nodes", "accumulate"):
            if getattr(self, name) < 1:
                raise TableError(f"--{name} is a number of {_COUNTED[name]}, at least 1, not {getattr(self, name)}.")
        if self.strategy not in STRATEGIES:
            raise unknown("strategy", self.strategy, STRATEGIES)

    @property
    def processes(self) -> int:
        """Over all machines."""
        return self.devices * self.nodes

    def trainer_arguments(self, settings: Mapping[str, Any], steps: Callable[[], int]) -> dict[str, Any]:
        """As Lightning's Trainer takes them, with a run's own ``settings``; what counts batches there counts steps.

        Args:
            settings: the run's arguments of the Trainer.
            steps: gives the optimiser steps of an epoch, where a setting is a share of them.
        """
        counted = {key: settings[key] for key in IN_STEPS if key in settings}
        if self.accumulate > 1 and counted:
            limit = _in_steps(counted.get("limit_train_batches", 1.0), steps)
            for key, value in counted.items():
                within = steps if key == "limit_train_batches" else lambda: min(steps(), limit)
                number = _in_steps(value, within)
                counted[key] = number * self.accumulate if isinstance(number, int) else number
        return {
            **settings,
            **counted,
            "devices": self.devices,
            "num_nodes": self.nodes,
            "strategy": self.strategy,
            "accumulate_grad_batches": self.accumulate,
        }

    def to_dict(self) -> dict[str, Any]:
        """Its primitives, for another process."""
        return asdict(self)


def _in_steps(value: Any, steps: Callable[[], int]) -> Any:
    """A share of the steps as their number, as Lightning rounds it; a number, or a time, as it is."""
    return max(1, int(steps() * value)) if isinstance(value, float) else value


_COUNTED = {"devices": "devices", "nodes": "machines", "accumulate": "parts of a batch"}
