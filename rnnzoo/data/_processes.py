"""How many processes share out the rows, and which of them this one is: as told, or as ``torch.distributed`` has it."""

from __future__ import annotations

import torch.distributed as dist


def processes(given: int | None) -> int:
    """W: as given, by default the processes of ``torch.distributed``, else 1."""
    if given is not None:
        return given
    return dist.get_world_size() if _several() else 1


def own_rank(given: int | None) -> int:
    """This process's number: as given, by default that in ``torch.distributed``, else 0."""
    if given is not None:
        return given
    return dist.get_rank() if _several() else 0


def _several() -> bool:
    return dist.is_available() and dist.is_initialized()
