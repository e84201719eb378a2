"""The devices that ``fit``, ``validate`` and ``test`` are asked for, checked before Lightning sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rnnzoo.bench.errors import DeviceError
from rnnzoo.bench.launched import Launched
from rnnzoo.registry import unknown


def as_launched(there: Launched, arguments: Sequence[str], config: Mapping[str, Any]) -> list[str]:
    """The arguments, with the numbers of devices and machines that ``there`` has where none are given."""
    own = {"devices": there.devices, "num_nodes": there.nodes}
    missing = [key for key in own if _setting(key, arguments, config) in (None, "auto")]
    return [*arguments, *(part for key in missing for part in (f"--trainer.{key}", str(own[key])))]


def check_trainer(arguments: Sequence[str], config: Mapping[str, Any]) -> None:
    """Stop where the Trainer that is asked for cannot work on this machine.

    Raises:
        UnknownName: Lightning has no such strategy or precision.
        DeviceError: says what was asked for, what there is, and what to do.
    """
    from lightning.pytorch.strategies import StrategyRegistry

    from rnnzoo.bench.devices import check_devices

    strategy = _setting("strategy", arguments, config) or "auto"
    if isinstance(strategy, str) and strategy != "auto" and "." not in strategy:
        known = StrategyRegistry.available_strategies()
        if strategy not in known:
            raise unknown("strategy", strategy, ["auto", *known])
    check_devices(
        _number(_setting("devices", arguments, config)),
        _number(_setting("num_nodes", arguments, config)),
        strategy if isinstance(strategy, str) else "auto",
        str(_setting("precision", arguments, config) or "32"),
        accelerator=str(_setting("accelerator", arguments, config) or "auto"),
    )


def _setting(key: str, arguments: Sequence[str], config: Mapping[str, Any]) -> Any:
    """What the Trainer will be given: the last of the arguments, else what the configuration says."""
    places = [place for place, argument in enumerate(arguments[:-1]) if argument == f"--trainer.{key}"]
    if places:
        return arguments[places[-1] + 1]
    return (config.get("trainer") or {}).get(key)


def _number(given: Any) -> int | None:
    """How many devices (or machines) Lightning's notation means; None: it is left to Lightning.

    Raises:
        DeviceError: it is no number of devices.
    """
    if isinstance(given, str):
        given = given.strip("[] ")
        if "," in given:
            given = [part for part in given.split(",") if part.strip()]
    if isinstance(given, (list, tuple)):
        return len(given)
    if given in (None, "auto", "null"):
        return None
    try:
        number = int(given)
    except (TypeError, ValueError):
        raise DeviceError(f"--devices and --nodes are numbers, such as 2, not {given!r}.") from None
    if number < 1 and number != -1:
        raise DeviceError(f"--devices and --nodes are numbers from 1, not {given}.")
    return None if number == -1 else number
