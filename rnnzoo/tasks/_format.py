"""The format of a task's checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FORMAT = 1
"""The newest format of a checkpoint that this version reads, and the one it writes."""


def check_format(checkpoint: Mapping[str, Any]) -> None:
    """Refuse a checkpoint that this version cannot read.

    Raises:
        ValueError: it is not of an rnnzoo task, or of a newer version of rnnzoo.
    """
    written = checkpoint.get("rnnzoo", {}).get("format")
    if written is None:
        raise ValueError("the checkpoint was not written by an rnnzoo task (it has no entry 'rnnzoo').")
    if written > FORMAT:
        raise ValueError(
            f"the checkpoint has format {written} and this rnnzoo reads up to {FORMAT}; "
            "upgrade it: pip install --upgrade rnnzoo."
        )
