"""What each process has of its own, brought together."""

from __future__ import annotations

from typing import Any

import torch.distributed as dist


def gathered(own: Any) -> list[Any]:
    """``own`` of every process, in the order of their ranks; each process has to ask."""
    processes = dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1
    if processes == 1:
        return [own]
    found: list[Any] = [None] * processes
    dist.all_gather_object(found, own)
    return found
