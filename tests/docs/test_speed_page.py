"""docs/speed.md says what its rows say: medians, verdicts, losses, and what is not measured yet."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

from speed import SECTIONS, speed_pictures  # noqa: E402
from speed_rows import Rows  # noqa: E402

from rnnzoo.registry import LAYERS  # noqa: E402


def row(name, cell, ratio, *, baseline, candidate=None, **more):
    settings = {"cell": cell, "pass": "training", "shape": "A", "B": 128, "T": 80, "I": 100, "H": 64}
    made = {
        "name": name, "settings": settings | more.pop("settings", {}), "candidate": candidate or f"rnnzoo.{cell}",
        "baseline": baseline, "ratio": ratio, "low": 0.9 * ratio, "high": 1.1 * ratio, "seconds": ratio,
        "baseline_seconds": 1.0, "clock": "wall", "threads": 2, "allocator": "default", "device": "cpu",
        "versions": {"torch": "2.13.0"}, "cpu": "a processor", "cores": 2, "commit": "0123456789abcdef",
        "dirty": False, "finished_at": "2026-11-21T12:00:00+00:00",
    }  # fmt: skip
    return made | more


@pytest.fixture
def rendered(tmp_path):
    """Sections by name, of the given rows."""

    def render(*rows):
        for path in tmp_path.glob("*.jsonl"):
            path.unlink()
        for each in rows:
            with (tmp_path / f"{each['name']}.jsonl").open("a") as file:
                file.write(json.dumps(each) + "\n")
        return {name: section(Rows(tmp_path)) for name, section in SECTIONS.items()}

    return render


def verdict(sections, aim):
    (line,) = [line for line in sections["speed-targets"].splitlines() if line.startswith(f"| {aim}")]
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_without_rows_every_section_says_how_to_measure(rendered, tmp_path):
    sections = rendered()
    for name in ("gated", "all", "native", "scan", "step", "memory", "growth", "first-use"):
        assert f"Not measured yet: `python benchmarks/speed --parts {name} --write`" in sections[f"speed-{name}"]
    assert "holds" not in sections["speed-targets"]
    assert sections["speed-targets"].count("not measured") == len(sections["speed-targets"].splitlines()) - 2
    assert speed_pictures(Rows(tmp_path), tmp_path) == []


def test_the_latest_row_of_a_measurement_counts(rendered):
    first, later = (row("gated", "lem", ratio, baseline="torchrecurrent.LEM") for ratio in (0.9, 0.3))
    section = rendered(first, later)["speed-gated"]
    assert "| `lem` | 0.30 (0.27 to 0.33) |" in section
    assert "0.90" not in section


def test_the_median_is_that_of_the_layers(rendered):
    rows = [
        row("gated", cell, r, baseline="torchrecurrent.X") for cell, r in (("lem", 0.2), ("mgu", 0.3), ("ran", 0.7))
    ]
    sections = rendered(*rows)
    assert "| **median** | 0.30 |" in sections["speed-gated"]
    assert verdict(sections, "their median") == ["0.30, median of 3", "holds"]
    assert verdict(sections, "every layer of torchrecurrent") == [
        "2 of 3; worst 0.70 (ran at A)", "**does not hold**",
    ]  # fmt: skip


@pytest.mark.parametrize(("ratio", "says"), [(1.05, "holds"), (1.06, "**does not hold**")])
def test_every_allocator_counts_for_torchs_own_layers_at_the_usual_number_of_threads(rendered, ratio, says):
    tuned = {"allocator": "MALLOC_MMAP_MAX_=0", "candidate": "rnnzoo.LSTM"}
    rows = [
        row("native", "lstm", 0.6, baseline="torch.nn.LSTM", settings={"input": "padded"}, candidate="rnnzoo.LSTM"),
        row("native", "lstm", ratio, baseline="torch.nn.LSTM", settings={"input": "padded"}, **tuned),
        row("native", "lstm", 9.0, baseline="torch.nn.LSTM", settings={"input": "padded"}, **tuned, threads=1),
    ]
    sections = rendered(*rows)
    assert verdict(sections, "LSTM, GRU and RNN: never")[1] == says
    assert verdict(sections, "the same at A")[1] == "holds"  # under the default allocator alone
    assert "1 thread, tuned allocator" in sections["speed-native"]


def test_only_scans_with_one_state_a_channel_have_the_aim_of_those(rendered):
    settings = {"shape": "C"}
    rows = [
        row("all", cell, r, baseline="torch.nn.GRU", settings=settings) for cell, r in (("mingru", 0.1), ("s4d", 9.0))
    ]
    assert verdict(rendered(*rows), "every scan with one state") == ["1 of 1; worst 0.10 (mingru at C)", "holds"]


@pytest.mark.parametrize(("power", "says"), [(1.0, "holds"), (1.3, "**does not hold**")])
def test_growth_is_the_slope_of_the_logarithms(rendered, power, says):
    rows = [
        row(
            "growth", "mingru", (T / 256) ** power, baseline="rnnzoo.mingru T=256", candidate=f"rnnzoo.mingru T={T}",
            settings={"along": "T", "T": T},
        )
        for T in (1024, 4096, 65536)
    ]  # fmt: skip
    sections = rendered(*rows)
    assert (
        f"| `mingru` | T | 256 to 65,536 | 1e+03 | {1e3 * 256**power:.3g} | {power:.2f} |" in sections["speed-growth"]
    )
    measured, verdict_of_it = verdict(sections, "time grows linearly")
    assert verdict_of_it == says
    assert f"T^{power:.2f} (mingru)" in measured


def test_what_is_above_one_is_listed_as_lost_and_nothing_else(rendered):
    rows = [row("all", cell, r, baseline="torch.nn.GRU") for cell, r in (("lem", 1.5), ("mgu", 2.5), ("mingru", 0.5))]
    losses = rendered(*rows)["speed-losses"]
    assert "| training at A against `torch.nn.GRU` | 2 of 3 | `mgu` 2.50, `lem` 1.50 |" in losses
    many = [row("all", cell, 2 + i, baseline="torch.nn.GRU") for i, cell in enumerate(LAYERS.names()[:15])]
    assert "| 15 of 15 | `" in (shown := rendered(*many)["speed-losses"])
    assert "and 3 more" in shown
    assert rendered(rows[-1])["speed-losses"] == "Nowhere: none of 1 comparisons is above 1."


def test_rows_under_other_conditions_are_counted_and_not_shown(rendered):
    usual = row("gated", "lem", 0.3, baseline="torchrecurrent.LEM")
    sections = rendered(usual, usual | {"clock": "cpu", "ratio": 0.8}, usual | {"threads": 1, "ratio": 0.8})
    assert "0.80" not in sections["speed-gated"]
    assert "2 rows made under other conditions" in sections["speed-machine"]


def test_the_picture_is_drawn_where_the_page_looks_for_it(rendered, tmp_path):
    section = rendered(row("gated", "lem", 0.3, baseline="torchrecurrent.LEM"))["speed-gated"]
    (path,) = speed_pictures(Rows(tmp_path), tmp_path)
    assert f"](generated/{path.name})" in section
    assert path.stat().st_size > 10_000


def test_the_page_has_every_section():
    page = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
    assert all(f"<!-- rendered: {name} -->" in page for name in SECTIONS if name != "speed")
