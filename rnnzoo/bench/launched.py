"""Processes that torchrun or SLURM started: how many there are, and that all of them train the same runs."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from rnnzoo.bench.errors import DeviceError

if TYPE_CHECKING:
    from lightning.fabric import Fabric
    from lightning.fabric.plugins.environments import ClusterEnvironment

T = TypeVar("T")


class Broken(DeviceError):
    """A training failed in one of several processes: they are out of step, and none of them goes on."""


class Launched:
    """The processes of one command that ``by`` started, told apart by Lightning's ``environment``.

    The first one leads: it alone decides, locks, writes and prints. The others follow it from run to run.

    Attributes:
        size: how many processes there are.
        devices, nodes: processes on each machine, and machines.
        leads: whether this is the first process.
    """

    def __init__(self, by: str, environment: ClusterEnvironment, nodes: int) -> None:
        self.by = by
        self.size = environment.world_size()
        self.nodes = nodes
        self.devices = self.size // nodes
        self.leads = environment.global_rank() == 0

    def refuse_others(self, devices: int, nodes: int) -> None:
        """Stop where other numbers are asked for.

        Raises:
            DeviceError: says both.
        """
        if (devices, nodes) != (self.devices, self.nodes):
            raise DeviceError(
                f"--devices {devices} on --nodes {nodes} were asked for, and {self.by} started {self.devices} on "
                f"{self.nodes}; leave the two options out, or have {self.by} start as many processes."
            )

    def agree(self, mine: T) -> T:
        """The first process's value; every process has to ask.

        Raises:
            Broken: one of the others has ended.
        """
        if self.size == 1:
            return mine
        try:
            agreed: T = _connection(self.devices, self.nodes).broadcast(mine)
        except RuntimeError as error:
            raise Broken(f"one of the {self.size} processes that {self.by} started has ended: {error}") from error
        return agreed

    def follow(self, train: Callable[..., Any]) -> None:
        """In every process but the first: ``train`` what that one does, until it is through."""
        from rnnzoo.callbacks import NonFiniteError

        while (given := self.agree(None)) is not None:
            try:
                train(*given)
            except NonFiniteError:  # all of them met it, and the first one tells it
                continue

    @contextmanager
    def leading(self) -> Iterator[None]:
        """In the first process, around all it does: in the end, those that follow it are let go."""
        try:
            yield
        except (Broken, KeyboardInterrupt):  # they do not listen
            raise
        except BaseException:
            self.agree(None)
            raise
        self.agree(None)

    def lead(self, train: Callable[..., T], *given: Any, **own: Any) -> T:
        """In the first process: ``train(*given, **own)``, while those that follow do ``train(*given)``.

        Raises:
            NonFiniteError: the training diverged, in all of them.
            Broken: it failed here, and what the others are at is not known.
        """
        from rnnzoo.callbacks import NonFiniteError

        self.agree(given)
        try:
            return train(*given, **own)
        except NonFiniteError:
            raise
        except Exception as error:
            raise Broken(
                f"the training failed in the first of {self.size} processes, and ends in all of them; the same command "
                f"goes on from the last checkpoint. {type(error).__name__}: {error}"
            ) from error


def launched() -> Launched | None:
    """The processes that this one is among; None where neither torchrun nor SLURM started it.

    Raises:
        DeviceError: SLURM's variables don't go together.
    """
    from lightning.fabric.plugins.environments import SLURMEnvironment, TorchElasticEnvironment

    if TorchElasticEnvironment.detect():
        world, local = int(os.environ["WORLD_SIZE"]), int(os.environ["LOCAL_WORLD_SIZE"])
        return Launched("torchrun", TorchElasticEnvironment(), world // local)
    if SLURMEnvironment.detect():
        try:
            return Launched("SLURM", SLURMEnvironment(), int(os.environ.get("SLURM_NNODES", 1)))
        except RuntimeError as error:
            raise DeviceError(str(error)) from error
    return None


@functools.cache
def _connection(devices: int, nodes: int) -> Fabric:
    """To the other processes; a Trainer goes on with the same one."""
    from lightning.fabric import Fabric

    from rnnzoo.bench.quiet import quiet

    with quiet():
        fabric = Fabric(devices=devices, num_nodes=nodes, strategy="ddp")
        fabric.launch()
    return fabric
