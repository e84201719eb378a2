"""Every part of ``python benchmarks/speed`` measures, writes rows that the page reads, and can be resumed."""

import json
from importlib.metadata import PackageNotFoundError, version

import pytest
from conftest import run_harness
from parts import PARTS
from speed import SECTIONS
from speed_rows import Rows


def peer(name):
    try:
        return version(name)
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed")


def rows_of(folder, part):
    return [json.loads(line) for line in (folder / f"{part}.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_writes_rows_with_all_that_is_needed_to_repeat_them(measured, part):
    if part in ("gated", "memory"):
        peer("torchrecurrent")
    folder, _ = measured
    rows = rows_of(folder, part)
    assert rows
    for row in rows:
        assert row["name"] == part
        assert row["quick"]
        assert 0 < row["low"] <= row["ratio"] <= row["high"]
        assert row["versions"]["torch"] == version("torch")
        assert {"settings", "threads", "clock", "cpu", "cores", "commit", "code", "allocator", "device"} <= set(row)
        quantity = "bytes" if part == "memory" else "seconds"
        assert row[quantity] > 0 < row[f"baseline_{quantity}"]


@pytest.mark.parametrize("part", PARTS)
def test_the_page_reads_a_part(measured, part):
    if part in ("gated", "memory"):
        peer("torchrecurrent")
    rows = Rows(measured[0])
    section = SECTIONS[f"speed-{part}"](rows)
    cells = {row["settings"]["cell"] for row in rows.part(part) if "cell" in row["settings"]}
    assert cells <= {"lstm", "mgu", "mingru"}
    assert "| --- |" in section
    assert part == "native" or all(f"`{cell}`" in section or f"rnnzoo.{cell}" in section for cell in cells)


def test_peers_are_named_with_their_versions(measured):
    for row in rows_of(measured[0], "all"):
        for name in ("torchrecurrent", "minGRU-pytorch"):
            assert row["versions"].get(name) == (peer(name) if name in row["versions"] else None)


def test_the_layers_are_measured_under_both_allocators_and_numbers_of_threads(measured):
    rows = rows_of(measured[0], "native")
    conditions = {(row["threads"], row["allocator"]) for row in rows}
    tuned = "MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=68719476736"
    assert conditions == {(threads, allocator) for threads in (1, 2) for allocator in ("default", tuned)}


def test_each_layer_meets_each_peer_once_a_pass(measured):
    rows = rows_of(measured[0], "all")
    found = [(*(row["settings"][key] for key in ("cell", "shape", "pass")), row["baseline"]) for row in rows]
    assert len(found) == len(set(found))
    at_a = {(cell, "A", what) for cell in ("lstm", "mgu", "mingru") for what in ("training", "forward")}
    expected = at_a | {("mingru", "C", what) for what in ("training", "forward")}  # only it is parallel over time
    assert set(found) == {(*key, f"torch.nn.{baseline}") for key in expected for baseline in ("GRU", "LSTM")}


def test_the_times_left_and_a_summary_are_printed(measured):
    printed = measured[1]
    assert "left in all" in printed
    assert "median" in printed
    assert "time grows as T^" in printed


def test_resuming_measures_nothing_twice(measured, tmp_path):
    from _rows import surroundings

    if surroundings()["dirty"]:
        pytest.skip("the package's files differ from their commit, so that what was measured cannot be told")
    whole = rows_of(measured[0], "all")
    (tmp_path / "all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in whole[:-1]))
    printed = run_harness(tmp_path, "--parts", "all", "--resume", "--cells", "lstm,mgu,mingru", "--shapes", "A,C")
    again = rows_of(tmp_path, "all")
    assert len(again) == len(whole)
    keys = ("settings", "candidate", "baseline")
    assert [again[-1][key] for key in keys] == [whole[-1][key] for key in keys]
    assert "there already" in printed
