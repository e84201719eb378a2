"""Several processes learn and measure what one does, for every task that there is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import process_cases
import pytest
from filelock import FileLock
from process_cases import NUMBERS, SPREAD, STEPS

CASES = ["-".join(case) for case in process_cases.cases()]
by_several = pytest.mark.parametrize(
    ("case", "number"),
    [("-".join(case), number) for number in NUMBERS if number > 1 for case in process_cases.cases_of(number)],
)

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What each number of processes gave, by number; where pytest has several workers, one finds it for all."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "processes"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            folder.mkdir()
            environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
            command = [sys.executable, process_cases.__file__, str(folder)]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
            assert done.returncode == 0, done.stderr[-3000:]
    return {number: json.loads((folder / f"{number}.json").read_text()) for number in NUMBERS}


@by_several
def test_the_losses_of_all_steps_are_those_of_one_process(found, case, number):
    for reduction, parts in SPREAD:
        alone, spread = found[1][case][f"{reduction} 1"], found[number][case][f"{reduction} {parts}"]
        assert len(alone["losses"]) == STEPS
        assert spread["losses"] == pytest.approx(alone["losses"], rel=1e-5), (reduction, parts)


@by_several
def test_parameters_that_are_sharded_learn_what_whole_ones_do(found, case, number):
    alone, sharded = found[1][case]["mean 1"], found[number][case]["sharded"]
    assert sharded["losses"] == pytest.approx(alone["losses"], rel=1e-5)
    for metric, (value, n) in alone["results"]["test"].items():
        assert sharded["results"]["test"][metric] == [pytest.approx(value, rel=1e-5), n], metric


@pytest.mark.parametrize("case", CASES)
def test_the_losses_of_a_batch_in_parts_are_those_of_the_whole(found, case):
    for reduction, parts in SPREAD:
        alone, accumulated = (found[1][case][f"{reduction} {how_many}"] for how_many in (1, parts))
        assert accumulated["losses"] == pytest.approx(alone["losses"], rel=1e-5), (reduction, parts)


@by_several
def test_the_same_weights_are_measured_alike_to_the_last_bit(found, case, number):
    assert found[number][case]["untrained"] == found[1][case]["untrained"]


@by_several
def test_what_was_trained_is_measured_alike(found, case, number):
    for reduction, parts in SPREAD:
        alone, spread = found[1][case][f"{reduction} 1"], found[number][case][f"{reduction} {parts}"]
        for metric, (value, n) in alone["results"]["test"].items():
            assert spread["results"]["test"][metric] == [pytest.approx(value, rel=1e-5), n], (metric, reduction, parts)


@by_several
def test_early_stopping_agrees_in_all_processes_and_with_one_alone(found, case, number):
    (alone,) = found[1][case]["stops"]
    assert found[number][case]["stops"] == [alone] * number
    assert alone < found[1][case]["all steps"]
