"""Lightning's own warnings are not ours to answer for; every other one is an error."""

from pathlib import Path

import pytest
from training import LIGHTNINGS_OWN

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent == HERE:
            for warning in LIGHTNINGS_OWN:
                item.add_marker(pytest.mark.filterwarnings(warning))
