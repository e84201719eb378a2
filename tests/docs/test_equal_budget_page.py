"""The page of all layers at one budget: places by hand, ties shared."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from rnnzoo.bench.table import load_table
from rnnzoo.contracts import ResultRow

REACHED = {  # of each table, what three layers reached, by the table's own number
    "equal-budget-digit-sum": {"lstm": 0.9, "gru": 0.9, "srn": 0.2},
    "equal-budget-digits": {"lstm": 0.8, "gru": 0.7, "srn": 0.9, "lem": 1.0},  # lem is in no other table
    "equal-budget-text": {"lstm": 2.0, "gru": 3.0, "srn": 4.0},  # bits: fewer are better
}


@pytest.fixture
def equal_budget(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "docs"))
    import equal_budget

    yield equal_budget
    for name in ("equal_budget", "speed_rows"):
        sys.modules.pop(name, None)


@pytest.fixture
def results(tmp_path):
    for name, values in REACHED.items():
        table = load_table(name)
        (tmp_path / name).mkdir()
        for layer, value in values.items():
            row = ResultRow(
                table=name, spec=f"{layer}-{name}", label=layer, variant={}, layer=layer, task=table.task, data="d",
                data_version="1", seed=0, split="test", metric=table.monitor.metric, value=value, unit="", n=1,
                parameters=50_000, steps=1, seconds=10.0, samples_per_second=1.0, peak_memory_bytes=1, device="cpu",
                world_size=1, precision="32-true", versions={}, commit="c0ffee", dirty=False,
                finished_at="2026-01-01T00:00:00+00:00", checkpoint_sha256="", trial={"learning_rate": 1.0e-3},
                contest=f"c-{layer}-{name}", solved={"hidden_size": 7},
            )  # fmt: skip
            rows = [asdict(row), {**asdict(row), "split": "validation"}]
            text = "".join(json.dumps(one) + "\n" for one in rows)
            (tmp_path / name / f"{row.spec}-{layer}-0.jsonl").write_text(text)
    return tmp_path


def test_layers_stand_by_their_mean_place_and_equals_share_one(equal_budget, results):
    found = equal_budget.placed(equal_budget.collected(results))
    # digit sum: lstm and gru share 1 and 2; digits: srn, lstm, gru; text: lstm, gru, srn
    assert {one.layer: one.place for one in found} == pytest.approx({
        "lstm": (1.5 + 2 + 1) / 3, "gru": (1.5 + 3 + 2) / 3, "srn": (3 + 1 + 3) / 3,
    })  # fmt: skip
    assert [one.layer for one in found] == ["lstm", "gru", "srn"]
    assert all(one.seconds == 30.0 for one in found)


def test_the_page_says_what_each_reached_and_what_is_left_to_do(equal_budget, results):
    page = equal_budget.ranking_section(results)
    (line,) = [line for line in page.splitlines() if line.startswith("| `lstm`")]
    assert [cell.strip() for cell in line.split("|")[2:8]] == ["gated", "1.5", "0.900", "0.800", "2.000", "30"]
    assert "`rnnzoo bench run equal-budget-text`" in page


def test_without_rows_the_page_names_the_commands(equal_budget, tmp_path):
    page = equal_budget.ranking_section(tmp_path)
    assert all(f"`rnnzoo bench run {name}`" in page for name in REACHED)
