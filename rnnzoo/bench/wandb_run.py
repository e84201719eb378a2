"""Starting and ending a Weights & Biases run: bounded waits, and a training never stops because of it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from rnnzoo.bench.quiet import say_once
from rnnzoo.bench.wandb_mode import has_key

PROJECT = "rnnzoo"
SECONDS = {"WANDB_INIT_TIMEOUT": 30.0, "WANDB_FINISH_TIMEOUT": 60.0}
"""How long the server is waited for at a run's beginning and at its end, unless the environment says otherwise."""

PAUSE = 600.0
"""Seconds for which the further runs of a process log offline after the server has failed one."""

_failed_at: float | None = None


def start_wandb(mode: str, folder: Path, *, group: str, name: str, config: dict[str, Any], **options: Any) -> Any:
    """A Weights & Biases run, or None where it is off or cannot be had; why is said in a line, once a process.

    ``WANDB_PROJECT``, ``WANDB_RUN_GROUP`` and ``WANDB_NAME`` go before what is given; so do ``WANDB_RUN_ID`` and
    ``WANDB_SWEEP_ID``, which a sweep's agent sets. A run that cannot go online goes offline.
    """
    if mode == "off":
        return None
    try:
        import wandb
    except ImportError as error:
        say_once(f"Weights & Biases is left out: {error}")
        return None
    swept = bool(os.environ.get("WANDB_SWEEP_ID"))
    if swept or os.environ.get("WANDB_RUN_ID"):
        options.pop("id", None)
    if not swept:  # its project is the sweep's
        options["project"] = os.environ.get("WANDB_PROJECT") or PROJECT
    options["group"] = os.environ.get("WANDB_RUN_GROUP") or group
    options["name"] = os.environ.get("WANDB_NAME") or name
    later = f"later: wandb sync {folder.parent}/*/wandb/*run-*"
    for attempt in _attempts(mode, later):
        try:
            session = _init(wandb, attempt, folder, config, options)
        except Exception as error:  # whatever Weights & Biases fails on, the training matters more
            server_failed(f"did not start {attempt} ({spoken(error)})")
            continue
        if attempt == "offline" and (mode == "offline" or has_key()):  # without a key it has been said
            say_once(f"Weights & Biases logs offline; {later}")
        return session
    return None


def _attempts(mode: str, later: str) -> list[Literal["online", "offline"]]:
    if mode == "online" and not has_key():
        say_once(f"Weights & Biases has no key (WANDB_API_KEY, or `wandb login`) and logs offline; {later}")
        return ["offline"]
    paused = _failed_at is not None and time.monotonic() - _failed_at < PAUSE
    return ["online", "offline"] if mode == "online" and not paused else ["offline"]


def _init(wandb: Any, mode: str, folder: Path, config: dict[str, Any], options: dict[str, Any]) -> Any:
    # silent from the first moment on: else it tells on every run where it found the key
    wandb.setup(wandb.Settings(silent=True))
    settings = wandb.Settings(
        silent=True, console="off", init_timeout=seconds("WANDB_INIT_TIMEOUT"),
        finish_timeout=seconds("WANDB_FINISH_TIMEOUT"),
    )  # fmt: skip
    options = {**options, "config": config, "dir": str(folder), "mode": mode, "settings": settings}
    options |= {"reinit": "create_new", "resume": "allow"}
    try:
        session = wandb.init(**options)
    except wandb.errors.CommError:
        raise
    except Exception:  # its service may have been killed since the last run: a new one may do
        restart_service(wandb)
        session = wandb.init(**options)
    # the horizontal axis that Lightning's own logger sets
    session.define_metric("trainer/global_step")
    session.define_metric("*", step_metric="trainer/global_step", step_sync=True)
    return session


def restart_service(wandb: Any) -> None:
    """Forget a service process that no longer answers; the next run starts another."""
    with suppress(Exception, SystemExit):
        wandb.teardown()


def finish_session(session: Any, *, failed: bool = False) -> None:
    """End a run; a server that does not take the rest in time is left, and the rest stays on the disk."""
    where = Path(session.dir).parent

    def end() -> None:
        session.finish(exit_code=1 if failed else 0)
        if getattr(session, "_finish_timed_out", False):
            raise TimeoutError(f"the server did not take everything; later: wandb sync {where}")

    bounded("did not finish", end, seconds("WANDB_FINISH_TIMEOUT") + 15)


def bounded(what: str, work: Callable[[], None], limit: float) -> bool:
    """Do ``work`` for at most ``limit`` seconds; whether it was done. Where not, say so in one line, as ``what``."""
    failure: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except Exception as error:
            failure.append(error)

    worker = threading.Thread(target=guarded, name="rnnzoo-wandb", daemon=True)
    worker.start()
    worker.join(limit)
    if worker.is_alive():
        failure.append(TimeoutError(f"no answer for {limit:g} s"))
    if failure:
        server_failed(f"{what} ({spoken(failure[0])})")
    return not failure


def server_failed(what: str) -> None:
    """Say so, and let the next runs of this process log offline for a while."""
    global _failed_at
    _failed_at = time.monotonic()
    say_once(f"Weights & Biases {what}. The training is not touched by it, and its own logs are whole.")


def seconds(name: str) -> float:
    """A time limit of ``SECONDS``, as the environment has it, else its default."""
    try:
        return float(os.environ[name])
    except (KeyError, ValueError):
        return SECONDS[name]


def spoken(error: BaseException) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
