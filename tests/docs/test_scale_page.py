"""docs/scale.md says what the rows of benchmarks/harness say; a number that misses its aim is called so."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def scale(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "harness"))
    import scale

    yield scale
    for name in ("scale", "speed_rows", "_finding"):
        sys.modules.pop(name, None)


def row(**changes):
    from _finding import middle

    aim = {key: changes.pop(key) for key in ("at_most", "at_least") if key in changes}
    given = {"what": "overhead of a run", "values": [3.0, 1.0, 2.0], "unit": "s", "settings": {}, **changes}
    about = {"name": "overhead", "cpu": "a processor", "cores": 2, "commit": "c0ffee" * 7}
    return {**about, **vars(middle(**given, **aim))}


def test_a_number_stands_with_its_quartiles_its_aim_and_whether_it_holds(scale):
    lines = scale.numbers([row(at_most=2.0), row(what="share", unit="share", values=[0.89], at_least=0.9)]).splitlines()
    assert lines[2] == "| overhead of a run |  | 2 s (1.5 to 2.5) | at most 2 | holds |"
    assert lines[3] == "| share |  | 0.89 | at least 0.9 | **does not hold** |"
    assert "a processor, 2 cores, commit c0ffeec0ffee." in lines[-1]


def test_the_cost_of_ten_thousand_runs_is_that_of_one_in_a_process_that_is_used_again(scale):
    later = row(settings={"run": scale.LATER, "wandb": "off"}, values=[3.6])
    first = row(settings={"run": "the first run of a process", "wandb": "off"}, values=[9.0])
    assert scale.cost([first, later]).splitlines()[2:] == ["| W&B off | 3.60 s | 10.0 core hours |"]


def test_what_was_not_measured_names_its_command(scale, tmp_path):
    for render in scale.SECTIONS.values():
        assert "python benchmarks/harness --parts" in render(scale.latest(tmp_path))


@pytest.mark.slow
def test_the_script_measures_a_part_and_quickly_writes_nothing():
    command = [sys.executable, "benchmarks/harness", "--quick", "--parts", "many", "--write"]
    before = sorted((ROOT / "benchmarks" / "results").glob("harness/*"))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "expand the table into runs" in done.stdout
    assert "8 numbers" in done.stdout
    assert sorted((ROOT / "benchmarks" / "results").glob("harness/*")) == before
