"""The errors a user of the benchmark meets before anything is trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rnnzoo.registry import unknown


class TableError(ValueError):
    """A table (or an override of it) says something the benchmark cannot do."""


class DeviceError(TableError):
    """What is asked for cannot be done with the devices or the processes that there are."""


class WorkerError(RuntimeError):
    """No worker can be had for the runs of a table: a process that doesn't start, a cluster that isn't there."""


class NoRows(LookupError):
    """There are no result rows where they were looked for."""


class MissingTrace(LookupError):
    """The trace of a run whose rows are there is not."""


def refuse_unknown_keys(kind: str, given: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Stop at the first key of ``given`` that is not in ``known``.

    Raises:
        TableError: names the key, the place, and near misses.
    """
    known = list(known)
    for key in given:
        if key not in known:
            raise TableError(f"{where}: {unknown(kind, str(key), known)}")
