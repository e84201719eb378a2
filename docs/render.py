"""Render what the docs show of measurements and registries: ``python docs/render.py`` (``--check``: only compare).

README.md gets the text between ``<!-- rendered: NAME -->`` and ``<!-- end -->``; docs/generated/ gets one page, CSV and
pictures for each table. No number there is typed: each comes from a row under benchmarks/results.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnnzoo.bench.columns import columns, sources_of
from rnnzoo.bench.report import markdown_table, table_rows, write_report
from rnnzoo.bench.summary import summarise
from rnnzoo.bench.table import load_table
from rnnzoo.registry import LAYERS

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
GENERATED = ROOT / "docs" / "generated"
BRIEF = ("model", "length", "seeds", "test accuracy", "reference accuracy", "parameters")


def table_section(name: str) -> str:
    """A table's main columns, its first picture, and the way to the rest."""
    table = load_table(name)
    lines = summarise(table, table_rows(table, RESULTS))
    sources = sources_of(table, lines)
    shown = [column for column in columns(table, lines, sources) if column.heading in BRIEF]
    listed = [f"[{i}] {source}" for i, source in enumerate(sources, start=1)]
    figure = f"{name}-{table.figures[0].replace('_', '-')}.png"
    whole = f"[the whole table, its sources and pictures](docs/generated/{name}.md)"
    return "\n\n".join(
        [
            table.description.strip(),
            markdown_table(shown),
            "<sub>" + "; ".join(listed) + "</sub>" if listed else "",
            f"![{table.title}](docs/generated/{figure})",
            f"Mean ± standard deviation over seeds; {whole}; again: `rnnzoo bench run {name}`.",
        ]
    )


def speed_rows() -> list[dict[str, Any]]:
    """The latest measurement of every candidate at every size, but the baselines themselves."""
    latest: dict[tuple[str, str, str], dict[str, Any]] = {}
    for path in sorted((RESULTS / "speed").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            latest[row["name"], json.dumps(row["settings"], sort_keys=True), row["candidate"]] = row
    return [row for row in latest.values() if row["candidate"] != row["baseline"]]


def speed_section() -> str:
    """Each race's range of ratios over its sizes; no absolute times."""
    races: dict[tuple[str, str, str], list[float]] = {}
    for row in speed_rows():
        races.setdefault((row["name"].replace("_", " "), row["candidate"], row["baseline"]), []).append(row["ratio"])
    lines = ["| race | candidate | against | sizes | ratio |", "| --- | --- | --- | ---: | ---: |"]
    for (name, candidate, baseline), ratios in races.items():
        span = " to ".join(dict.fromkeys(f"{ratio:.2f}" for ratio in (min(ratios), max(ratios))))
        lines.append(f"| {name} | {candidate} | {baseline} | {len(ratios)} | {span} |")
    return (
        "Time of a training step over the peer's: candidates take turns in one process, and a ratio "
        "is the median over rounds. [Every size, with quartiles](docs/generated/speed.md); again: the scripts in "
        "[benchmarks/speed](benchmarks/speed).\n\n" + "\n".join(lines)
    )


def speed_page() -> str:
    """Every race at every size."""
    rows = speed_rows()
    lines = [
        "| race | sizes | candidate | against | ratio | quartiles | clock |",
        "| --- | --- | --- | --- | ---: | ---: | --- |",
    ]
    for row in rows:
        sizes = ", ".join(f"{key} {value}" for key, value in row["settings"].items())
        cells = (row["name"].replace("_", " "), sizes, row["candidate"], row["baseline"], f"{row['ratio']:.3f}")
        lines.append(f"| {' | '.join(cells)} | {row['low']:.3f} .. {row['high']:.3f} | {row['clock']} |")
    machines = sorted({f"{row['cpu']}, {row['threads']} threads, torch {row['versions']['torch']}" for row in rows})
    return "# Speed\n\nMeasured on " + "; ".join(machines) + ".\n\n" + "\n".join(lines) + "\n"


def layers_section() -> str:
    """Every registered architecture."""
    lines = ["| name | class | what it is | paper | kind | held to |", "| --- | --- | --- | --- | --- | --- |"]
    for entry in LAYERS.entries():
        paper = f"[{entry.paper.authors.split(',')[0]} et al. {entry.paper.year}]({entry.paper.url})"
        if not entry.paper.url:
            paper = f"{entry.paper.authors.split(',')[0]} {entry.paper.year}"
        oracle = f"`{entry.oracle}`" if entry.oracle else "unverified"
        cells = (f"`{entry.name}`", f"`rnnzoo.{entry.class_name}`", entry.description, paper, entry.kind, oracle)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


SECTIONS: dict[str, Callable[[], str]] = {
    "digit-sum": lambda: table_section("digit-sum"),
    "imdb": lambda: table_section("imdb"),
    "speed": speed_section,
    "layers": layers_section,
}


def readme() -> str:
    """The README with every rendered section made anew."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    def render(found: re.Match[str]) -> str:
        return f"<!-- rendered: {found[1]} -->\n{SECTIONS[found[1]]()}\n<!-- end -->"

    return re.sub(r"<!-- rendered: (\S+) -->.*?<!-- end -->", render, text, flags=re.DOTALL)


def pages(out: Path) -> None:
    """Every table's page, CSV and pictures; the self-contained HTML stays out of the repository."""
    for name in ("digit-sum", "imdb"):
        table = load_table(name)
        write_report(table, table_rows(table, RESULTS), RESULTS, out)["html"].unlink()
    (out / "speed.md").write_text(speed_page(), encoding="utf-8")


def stale() -> list[str]:
    """The files that the rows and registries no longer agree with."""
    found = [] if (ROOT / "README.md").read_text(encoding="utf-8") == readme() else ["README.md"]
    with tempfile.TemporaryDirectory() as folder:
        pages(Path(folder))
        for path in sorted(Path(folder).iterdir()):
            kept = GENERATED / path.name
            same = kept.is_file() and (path.suffix == ".png" or kept.read_bytes() == path.read_bytes())
            found += [] if same else [str(kept.relative_to(ROOT))]
    return found


def main() -> int:
    """Render, or with ``--check`` say what is stale; 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if anything is stale")
    if parser.parse_args().check:
        found = stale()
        print(f"stale: {', '.join(found)}; run `python docs/render.py`" if found else "the docs agree with the rows")
        return int(bool(found))
    (ROOT / "README.md").write_text(readme(), encoding="utf-8")
    pages(GENERATED)
    return 0


if __name__ == "__main__":
    sys.exit(main())
