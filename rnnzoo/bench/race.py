"""What a table says of a race: the same work done by several contestants, timed in turn."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rnnzoo.bench.errors import TableError

PASSES = ("forward", "training")
"""What is timed; the ``split`` of a race's rows."""

NOT_OF_A_RACE = (
    "task", "data", "monitor", "model", "trainer", "entries", "references", "traces", "divergence",
)  # fmt: skip
QUICK_KEYS_OF_A_RACE = ("variants", "race")


@dataclass(frozen=True)
class Race:
    """The settings of a race; the sizes raced at stand in the table's ``variants``, as ``layer`` and ``size``."""

    contestants: list[str]  # names in ``contestants.CONTESTANTS``; the first is what the others are held against
    rounds: int = 100  # timed calls of each contestant, at most
    drop: int = 10  # calls before those, which are not counted
    seconds: float = 5.0  # a pass ends early once its timed calls took as long
    least: int = 10  # but not before each contestant has as many
    clock: str = "cpu"  # or "wall"
    threads: int = 1


def fill_in(raw: dict[str, Any], where: str) -> dict[str, Any]:
    """The settings of a race's table with what stands in place of a training's task, data, monitor and entries.

    Raises:
        TableError: the table has one of those all the same, or does not vary ``layer`` and ``size``.
    """
    for key in NOT_OF_A_RACE:
        if key in raw:
            raise TableError(f"{where}: a race trains nothing and has no `{key}`; take it out, or take out `race`.")
    if sorted(raw.get("variants", {})) != ["layer", "size"]:
        raise TableError(f"{where}: a race needs `variants: {{layer: [lstm, ...], size: [8x20x32-32, ...]}}`.")
    return {
        **raw,
        "task": "race",
        "data": {"name": "normal"},
        "monitor": {"metric": "ratio", "mode": "min"},
        "entries": [{"label": name, "layer": name} for name in raw["race"].contestants],
        "figures": raw.get("figures", ["relative_time"]),
    }


def parse_size(text: Any, where: str) -> dict[str, int]:
    """B rows of T steps with I features and H hidden, written ``BxTxI-H``.

    Raises:
        TableError: ``text`` is not of that form, or one of the four is 0.
    """
    found = re.fullmatch(r"(\d+)x(\d+)x(\d+)-(\d+)", str(text))
    sizes = [int(number) for number in found.groups()] if found else [0]
    if min(sizes) < 1:
        raise TableError(f"{where}: size is BxTxI-H (rows, steps, features, hidden), such as 8x20x32-32, not {text!r}.")
    return dict(zip("BTIH", sizes, strict=True))
