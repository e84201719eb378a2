"""The harness, run once in its quick form, and its modules."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HARNESS = ROOT / "benchmarks" / "speed"
sys.path[:0] = [str(HARNESS), str(ROOT / "docs")]


def run_harness(folder, *arguments):
    """What ``python benchmarks/speed --quick`` prints; its rows go to a folder."""
    command = [sys.executable, str(HARNESS), "--quick", "--write", "--results", str(folder), *arguments]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "2"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def measured(tmp_path_factory):
    """The folder of rows of every part, and what was printed."""
    folder = tmp_path_factory.mktemp("speed")
    return folder, run_harness(folder, "--cells", "lstm,mgu,mingru", "--shapes", "A,C")
