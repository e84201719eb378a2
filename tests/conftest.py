"""What every test has: a seed, one thread, and the real data only where it lies."""

import os
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.fixture
def data_dir() -> Path:
    """The folder of the real datasets, $RNNZOO_DATA; the test is skipped where there is none."""
    given = os.environ.get("RNNZOO_DATA")
    if not given:
        pytest.skip("RNNZOO_DATA is not set: the real datasets are not here")
    if not Path(given).is_dir():
        pytest.skip(f"RNNZOO_DATA={given} is not a folder: the real datasets are not here")
    return Path(given)
