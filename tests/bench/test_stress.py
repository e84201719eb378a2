"""Three of the kills of ``python benchmarks/stress``: of a training, of its checkpoint's writing, of a download."""

import random
import sys
from pathlib import Path

import pytest

STRESS = Path(__file__).parents[2] / "benchmarks" / "stress"


@pytest.fixture
def kills(monkeypatch):
    """The module of that command."""
    monkeypatch.syspath_prepend(STRESS)
    before = set(sys.modules)
    import kills

    yield kills
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and Path(sys.modules[name].__file__).parent == STRESS:
            del sys.modules[name]


@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("kind", ["training", "checkpoint", "download"])
def test_nothing_is_lost_when_it_is_killed(kills, kind, tmp_path):
    with kills.KINDS[kind](1) as victim:
        record = kills.stress(victim, 1, tmp_path / kind, random.Random(kind))
    assert record.kills == 1
    assert record.wrong == []
