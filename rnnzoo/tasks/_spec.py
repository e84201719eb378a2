"""What a task demands of its data's spec before it is built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnnzoo.contracts import Spec

NEEDED = ("kind", "input", "input_size", "output_size")


def check_spec(spec: Spec, accepts: Sequence[str], task: str) -> dict[str, Any]:
    """The spec as a dict of its own.

    Args:
        accepts: the kinds of data that the task takes.
        task: its name in a message.

    Raises:
        ValueError: a key is missing, or the kind is another.
    """
    missing = [key for key in NEEDED if key not in spec]
    if missing:
        raise ValueError(f"spec lacks {', '.join(missing)} (it has {', '.join(spec) or 'none'}); give data.spec.")
    if spec["kind"] not in accepts:
        raise ValueError(
            f"spec is of kind '{spec['kind']}', {task} takes {' or '.join(map(repr, accepts))}"
            "; use data of that kind, or the task for this data (`rnnzoo list tasks`)."
        )
    return dict(spec)
