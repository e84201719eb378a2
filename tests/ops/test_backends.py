"""A backend is the caller's, else the default; one that cannot run is refused with those that can."""

import pytest

from rnnzoo.ops.backends import BackendError, resolve
from rnnzoo.registry import UnknownName


def test_the_caller_is_obeyed_and_otherwise_the_default_taken():
    assert resolve("reference", ("reference", "torch"), "torch", "it") == "reference"
    assert resolve(None, ("reference", "torch"), "torch", "it") == "torch"


def test_what_exists_but_cannot_run_here_says_what_can():
    with pytest.raises(BackendError, match="MGU cannot run with backend='native'; it can with 'reference' or 'torch'"):
        resolve("native", ("reference", "torch"), "torch", "MGU")


def test_what_is_no_backend_gets_near_misses():
    with pytest.raises(UnknownName, match="unknown backend 'natve'; did you mean native"):
        resolve("natve", ("reference", "torch"), "torch", "it")
