"""How one training is spread: devices, machines, strategy, accumulation. None of it changes what the run computes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rnnzoo.bench.errors import TableError


@dataclass(frozen=True)
class Scale:
    """Devices on each of ``nodes`` machines, Lightning's ``strategy``, and the parts that a batch is taken in.

    Raises:
        TableError: a number below 1.
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

    @property
    def processes(self) -> int:
        """Over all machines."""
        return self.devices * self.nodes

    def trainer_arguments(self) -> dict[str, Any]:
        """As Lightning's Trainer takes them."""
        return {
            "devices": self.devices,
            "num_nodes": self.nodes,
            "strategy": self.strategy,
            "accumulate_grad_batches": self.accumulate,
        }

    def to_dict(self) -> dict[str, Any]:
        """Its primitives, for another process."""
        return asdict(self)


_COUNTED = {"devices": "devices", "nodes": "machines", "accumulate": "parts of a batch"}
