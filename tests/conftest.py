"""What every test has: a seed, one thread, and the real data only where it lies."""

import os
import sys
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _environment_as_it_was():
    """Lightning and rnnzoo tell the processes they start of a training by the environment, and leave it there."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def _no_connection_left():
    """Lightning keeps a training's process group until Python ends; what is forked later would wait for it."""
    yield
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


@pytest.fixture
def data_dir() -> Path:
    """The folder of the real datasets, $RNNZOO_DATA; the test is skipped where there is none."""
    given = os.environ.get("RNNZOO_DATA")
    if not given:
        pytest.skip("RNNZOO_DATA is not set: the real datasets are not here")
    if not Path(given).is_dir():
        pytest.skip(f"RNNZOO_DATA={given} is not a folder: the real datasets are not here")
    return Path(given)


@pytest.fixture
def registering(monkeypatch):
    """What a test registers or imports by its path is gone again after it."""
    from rnnzoo.recurrent import classes
    from rnnzoo.registry import LAYERS, files

    LAYERS.discover()
    monkeypatch.setattr(LAYERS, "_entries", dict(LAYERS._entries))
    monkeypatch.setattr(classes, "_CLASSES", dict(classes._CLASSES))
    monkeypatch.setattr(files, "_FILES", {})
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield LAYERS
    for name in set(sys.modules) - before:
        if not name.startswith(("rnnzoo.", "torch")):
            file = getattr(sys.modules[name], "__file__", None)  # a package of several places, as google, has none
            if file and not any(part in file for part in ("site-packages", "dist-packages", "lib/python")):
                del sys.modules[name]
