"""Weights & Biases as on a machine that has never seen it: no key, no settings, its files in a folder of the test."""

import os
from contextlib import contextmanager

import pytest


@contextmanager
def wandb_alone(folder, **environment):
    """Inside, ``environment`` is all that Weights & Biases knows; its service is ended behind it."""
    import wandb

    from rnnzoo.bench import wandb_run
    from rnnzoo.bench.quiet import say_once

    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("WANDB_")]:
            patch.delenv(name)
        for name in ("CACHE", "CONFIG", "DATA"):
            patch.setenv(f"WANDB_{name}_DIR", str(folder / name.lower()))
        patch.setenv("NETRC", str(folder / "netrc"))
        patch.setenv("WANDB_ERROR_REPORTING", "false")
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(wandb_run, "_failed_at", None)
        say_once.cache_clear()
        wandb.teardown()  # it has read an environment before
        try:
            yield
        finally:
            wandb.teardown()
