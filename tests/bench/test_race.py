"""A race runs every contestant on the same weights, writes what it measured, and refuses what it cannot race."""

import statistics

import pytest
import torch
import yaml
from torch import nn

from rnnzoo.bench import racing
from rnnzoo.bench.columns import columns
from rnnzoo.bench.contestants import CONTESTANTS
from rnnzoo.bench.errors import TableError
from rnnzoo.bench.pictures import Drawn, pictures
from rnnzoo.bench.report import write_report
from rnnzoo.bench.runner import make_runs, row_file
from rnnzoo.bench.runs import expand
from rnnzoo.bench.scale import Scale
from rnnzoo.bench.summary import summarise
from rnnzoo.bench.table import list_tables, load_table, parse_table
from rnnzoo.callbacks import read_rows
from rnnzoo.registry import UnknownName

RACE = {
    "name": "r",
    "title": "A race",
    "race": {"contestants": ["torch.nn", "rnnzoo", "fast path", "step loop"], "rounds": 3, "drop": 1},
    "variants": {"layer": ["srn", "lstm"], "size": ["2x3x4-5", "1x2x3-4"]},
    "quick": {"variants": {"size": ["1x2x3-4"]}, "race": {"rounds": 2}},
}
LAYERS = ("srn", "lstm", "gru")


def table(**changes):
    return parse_table(yaml.safe_dump({**RACE, **changes}), "r.yaml")


def with_race(**changes):
    return table(race={**RACE["race"], **changes})


@pytest.fixture
def clock(monkeypatch):
    """A clock that moves by one second whenever it is read, so that every call takes one."""
    ticks = iter(range(10**9))
    monkeypatch.setitem(racing.CLOCKS, "cpu", lambda: float(next(ticks)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", CONTESTANTS)
def test_a_contestant_computes_what_the_built_in_does(name, layer, dtype):
    twin = getattr(nn, racing.built_in(layer))(10, 12, batch_first=True, dtype=dtype)
    module = CONTESTANTS[name].make(layer, twin)
    x = torch.randn(3, 7, 10, dtype=dtype, requires_grad=True)
    for work in racing.WORK.values():
        found, expected = work(module, x), work(twin, x)
        assert len(found) > 1
        assert racing.largest_difference(found, expected) < {torch.float32: 1e-6, torch.float64: 1e-12}[dtype]


def test_contestants_run_in_the_ways_their_names_say():
    twin = nn.LSTM(3, 4, batch_first=True)
    x = torch.randn(2, 5, 3)
    ran = {}
    for name in ("rnnzoo", "fast path"):
        module = CONTESTANTS[name].make("lstm", twin)
        module(x.repeat(1, 20, 1))
        ran[name] = module.last_backend
    loop = CONTESTANTS["step loop"].make("lstm", twin)
    steps = []
    loop.cell.step, step = lambda *given: steps.append(1) or step(*given), loop.cell.step
    loop(x)
    assert ran == {"rnnzoo": "c", "fast path": "torch"}
    assert len(steps) == 5
    assert CONTESTANTS["torch.nn"].make("lstm", twin) is twin


def test_a_difference_in_the_weights_shows(monkeypatch, clock):
    def wrong(layer, built_in):
        made = CONTESTANTS["rnnzoo"].make(layer, built_in)
        with torch.no_grad():
            made.weight_hh_l0[0, 0] += 0.5
        return made

    monkeypatch.setitem(CONTESTANTS, "fast path", CONTESTANTS["fast path"]._replace(make=wrong))
    differences = {
        (row.split, row.label): row.value for row in racing.race(expand(table())[0]) if row.metric == "difference"
    }
    assert min(differences["forward", "fast path"], differences["training", "fast path"]) > 1e-4
    assert max(differences["forward", "rnnzoo"], differences["training", "rnnzoo"]) < 1e-6


def test_tensors_of_other_shapes_are_not_compared():
    with pytest.raises(ValueError, match="expected the same"):
        racing.largest_difference([torch.zeros(2)], [torch.zeros(3)])


def test_a_race_has_one_run_for_each_layer_size_and_seed():
    runs = expand(table(), seeds=2)
    assert [(run.layer, run.data, run.seed) for run in runs[:3]] == [
        ("srn", {"B": 2, "T": 3, "I": 4, "H": 5}, 0),
        ("srn", {"B": 2, "T": 3, "I": 4, "H": 5}, 1),
        ("srn", {"B": 1, "T": 2, "I": 3, "H": 4}, 0),
    ]
    assert len(runs) == len({run.id for run in runs}) == 8
    assert {run.id for run in expand(with_race(rounds=4), seeds=2)}.isdisjoint(run.id for run in runs)


def test_quick_layers_only_and_precision_change_the_runs():
    assert [run.variant for run in expand(table(), quick=True)] == [
        {"layer": "srn", "size": "1x2x3-4"},
        {"layer": "lstm", "size": "1x2x3-4"},
    ]
    assert {run.race["rounds"] for run in expand(table(), quick=True)} == {2}
    assert {run.layer for run in expand(table(), layers=["gru"])} == {"gru"}
    (run,) = expand(table(), only={"layer": "lstm", "size": "2x3x4-5"}, precision="64")
    assert run.trainer["precision"] == "64-true"


def test_rows_hold_medians_ratios_quartiles_and_differences(tmp_path, clock):
    run = expand(table())[0]
    before = torch.get_num_threads()
    assert make_runs([run], tmp_path, wandb="off").made == [run]
    assert torch.get_num_threads() == before
    rows = read_rows(row_file(tmp_path, run))
    metrics = {"seconds", "ratio", "ratio_low", "ratio_high", "difference"}
    assert {(row.label, row.split, row.metric) for row in rows} == {
        (name, split, metric) for name in CONTESTANTS for split in ("forward", "training") for metric in metrics
    }
    assert {row.n for row in rows} == {3}
    assert {row.value for row in rows if row.metric in metrics - {"difference"}} == {1.0}
    assert {row.unit for row in rows if row.metric == "ratio"} == {"torch.nn"}
    assert {row.parameters for row in rows} == {5 * 4 + 5 * 5 + 2 * 5}
    assert {(row.layer, row.variant["size"], row.precision) for row in rows} == {("srn", "2x3x4-5", "32-true")}
    assert make_runs([run], tmp_path, wandb="off").there == [run]


def test_the_report_shows_time_and_ratio_of_every_contestant_in_order(tmp_path, clock):
    runs = expand(table())
    make_runs(runs, tmp_path, wandb="off")
    rows = read_rows(tmp_path / "r")
    lines = summarise(table(), rows)
    shown = {column.heading: column.cells for column in columns(table(), lines, [])}
    assert shown["layer"] == ["srn"] * 8 + ["lstm"] * 8
    assert shown["contestant"] == list(CONTESTANTS) * 4
    assert set(shown["forward ms"]) == set(shown["training ms"]) == {"1e+03"}
    assert shown["training ratio (quartiles)"][:2] == ["1", "1.00 (1.00 to 1.00)"]
    files = write_report(table(), rows, tmp_path, tmp_path / "report")
    text = files["md"].read_text()
    assert "medians of 3 calls" in text
    assert all(contestant.description in text for contestant in CONTESTANTS.values())
    assert files["relative_time"].stat().st_size > 0


def test_one_seed_more_is_averaged_not_appended(tmp_path, clock):
    runs = expand(table(), only={"layer": "srn", "size": "1x2x3-4"}, seeds=2)
    make_runs(runs, tmp_path, wandb="off")
    lines = summarise(table(), read_rows(tmp_path / "r"))
    assert [line.values["forward", "seconds"].n for line in lines] == [2] * 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "sequence_classification"}, "has no `task`"),
        ({"entries": []}, "has no `entries`"),
        ({"variants": {"layer": ["srn"]}}, "a race needs `variants"),
        ({"race": {**RACE["race"], "round": 3}}, "did you mean rounds"),
        ({"race": {"rounds": 3}}, "contestants"),
        ({"race": {"contestants": ["rnnzoo", "rnnzoo"]}}, "two entries are labelled 'rnnzoo'"),
        ({"quick": {"seeds": 1}}, "unknown setting 'seeds'"),
    ],
)
def test_a_mistake_in_a_race_is_named(changes, message):
    with pytest.raises(TableError, match=message):
        table(**changes)


@pytest.mark.parametrize(
    ("wrong", "options", "message"),
    [
        (with_race(contestants=["torch.nn", "stop loop"]), {}, "did you mean step loop"),
        (with_race(clock="walls"), {}, "did you mean wall"),
        (table(), {"layers": ["lstn"]}, "did you mean lstm"),
        (table(), {"layers": ["mingru"]}, "torch has no built-in mingru to race against; it has gru, lstm, srn"),
        (table(variants={"layer": ["srn"], "size": ["2x3x4"]}), {}, "size is BxTxI-H"),
        (table(variants={"layer": ["srn"], "size": ["2x0x4-5"]}), {}, "size is BxTxI-H"),
        (table(), {"precision": "bf16"}, "precision is one of 32-true, 64-true"),
        (table(), {"only": {"size": "9x9x9-9"}}, "table r has size in"),
        (table(quick={"race": {"round": 1}}), {"quick": True}, "did you mean rounds"),
    ],
)
def test_what_cannot_be_raced_is_refused_before_anything_is_timed(wrong, options, message):
    with pytest.raises((TableError, UnknownName), match=message):
        expand(wrong, **options)


def test_a_race_on_several_devices_is_refused(tmp_path):
    with pytest.raises(TableError, match="leave out --devices"):
        make_runs(expand(table())[:1], tmp_path, scale=Scale(devices=2), wandb="off")


def test_a_training_has_no_picture_of_a_race(small_with, tmp_path):
    with pytest.raises(TableError, match="the table has no `race`"):
        pictures(Drawn(small_with(figures=["relative_time"]), [], tmp_path))


def test_the_package_races_the_book_s_sizes_with_its_protocol():
    assert "own-vs-built-in" in list_tables()
    found = load_table("own-vs-built-in")
    assert found.race.rounds + found.race.drop == 100
    assert found.race.drop == 10
    sizes = {(run.layer, tuple(run.data.values())) for run in expand(found)}
    assert {("srn", (2, 5, 10, 10)), ("lstm", (8, 20, 32, 32))} <= sizes
    assert found.race.contestants[0] == "torch.nn"


def test_medians_are_taken_over_calls(monkeypatch):
    ticks = iter([0.0, 1.0, 0.0, 2.0, 0.0, 9.0] * 10**4)
    monkeypatch.setitem(racing.CLOCKS, "cpu", lambda: next(ticks))
    run = expand(with_race(contestants=["torch.nn"], drop=0))[0]
    rows = racing.race(run)
    assert {row.value for row in rows if row.metric == "seconds"} == {statistics.median([1.0, 2.0, 9.0])}
