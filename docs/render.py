"""Render what the docs show of measurements and registries: ``python docs/render.py`` (``--check``: only compare).

README.md and the `PAGES` under docs get the text between ``<!-- rendered: NAME -->`` and ``<!-- end -->``;
docs/generated/ gets one page, CSV and pictures for each table that has rows. No number there is typed: each is that of
a row under benchmarks/results, or of what is registered.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from architectures import architectures_section, layers_by_kind
from claims import claims_table
from equal_budget import equal_budget_picture, ranking_section
from scale import SECTIONS as SCALE_SECTIONS
from scale import latest
from speed import SECTIONS as SPEED_SECTIONS
from speed import speed_pictures
from speed_rows import Rows

from rnnzoo.bench.columns import Column, columns, sources_of
from rnnzoo.bench.report import markdown_table, table_rows, tables_with_rows, write_report
from rnnzoo.bench.summary import Line, summarise
from rnnzoo.bench.table import Table, load_table
from rnnzoo.cli import main as rnnzoo

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
GENERATED = ROOT / "docs" / "generated"
PAGES = (
    ROOT / "README.md",
    *(ROOT / "docs" / f"{name}.md" for name in ("articles", "architectures", "equal-budget", "speed", "scale")),
)
BRIEF = ("model", "length", "seeds", "test accuracy", "reference accuracy", "parameters", "time an epoch")
GALLERY = (
    ("exploding-gradients/gradient_norms_against_step", "Exploding gradients, and what clipping leaves of them"),
    ("vanishing-gradients/gradient_reach", "How far back a gradient reaches, before and after training"),
    ("vanishing-gradients/accuracy_against_lag", "How far back each layer learns to remember"),
    ("gates", "What an LSTM's gates do with two digits and a distractor"),
    ("imdb-keras/comparison", "Film reviews, the last 80 words, judged two ways"),
    ("bidirectional/accuracy_against_length", "A signal at the start: one direction against both"),
    ("own-vs-built-in/relative_time", "A loop of one's own against the built-in layer"),
    ("digit-sum/loss_against_length", "Training and test loss against the length"),
    ("tickets/comparison", "Where somebody goes and what they leave: a verb behind the city needs both directions"),
    ("names/confusion", "Which languages' surnames are taken for which others'"),
    ("memory-span/ranking", "How soon every layer of the zoo learns to remember two digits over 35 steps"),
)


def picture(name: str) -> str:
    """The file of ``TABLE/FIGURE``, or of a model's picture, under docs/generated."""
    return f"{name.replace('/', '-').replace('_', '-')}.png"


def gallery() -> str:
    """The lecture's pictures of which there are rows, two in a row, each with the command that draws it."""
    there = {"gates", *tables_with_rows(RESULTS)}
    cells = [
        f"![{said}](docs/generated/{picture(name)})<br>{said}<br>`rnnzoo plot {name}`"
        for name, said in GALLERY
        if name.partition("/")[0] in there
    ]
    pairs = [cells[i : i + 2] for i in range(0, len(cells), 2)]
    return "\n".join(["| | |", "| --- | --- |", *(f"| {' | '.join((*pair, '')[:2])} |" for pair in pairs)])


def table_picture(name: str) -> str:
    """A table's first picture."""
    table = load_table(name)
    return f"![{table.title}](docs/generated/{picture(f'{name}/{table.figures[0]}')})"


def table_section(name: str, pictured: bool = True) -> str:
    """A table's main columns, its first picture unless it stands elsewhere, and the way to the rest."""
    table = load_table(name)
    lines = summarise(table, table_rows(table, RESULTS))
    sources = sources_of(table, lines)
    if len(table.variants) == 1:
        shown = by_variant(table, lines, sources)
    else:
        shown = [column for column in columns(table, lines, sources) if column.heading in BRIEF]
    listed = [f"[{i}] {source}" for i, source in enumerate(sources, start=1)]
    whole = f"[the whole table, its sources and pictures](docs/generated/{name}.md)"
    parts = [
        table.description.strip(),
        markdown_table(shown),
        "<sub>" + "; ".join(listed) + "</sub>" if listed else "",
        table_picture(name) if pictured else "",
        f"Mean ± standard deviation over seeds; {whole}; again: `rnnzoo bench run {name}`.",
    ]
    return "\n\n".join(part for part in parts if part)


def by_variant(table: Table, lines: Sequence[Line], sources: Sequence[str]) -> list[Column]:
    """A table with one variant: one line an entry, one column a value of the variant, references below each entry."""
    (key,) = table.variants
    metric = table.monitor.metric
    models: list[str] = []
    cells: dict[Any, list[str]] = {value: [] for value in table.variants[key]}
    for label in dict.fromkeys(line.label for line in lines):
        mine = {line.variant[key]: line for line in lines if line.label == label}
        seeds = max(len(line.seeds) for line in mine.values())
        models.append(f"{label} ({seeds} seeds)")
        held = {value: line.references[0] for value, line in mine.items() if line.references}
        for value, column in cells.items():
            column.append(str(mine[value].values["test", metric]) if value in mine else "")
        if held:
            models.append(f"*reference [{sources.index(next(iter(held.values())).source) + 1}]*")
            for value, column in cells.items():
                spread = held[value].spread if value in held else None
                tail = f" ± {spread:.3f}" if spread is not None else ""
                column.append(f"*{held[value].value:.3f}{tail}*" if value in held else "")
    heading = f"test {metric} at {key}"
    return [Column(heading, False, models), *(Column(str(value), True, column) for value, column in cells.items())]


def layers_section() -> str:
    """The names of every registered architecture, by kind."""
    lines = []
    for kind, entries in layers_by_kind().items():
        names = ", ".join(f"`{entry.name}`" for entry in entries)
        lines.append(f"- **{kind}** ({len(entries)}): {names}")
    tail = (
        "[Papers, states, sizes and what each is held to](docs/architectures.md); `rnnzoo show NAME` has the equations."
    )
    return "\n".join(lines) + "\n\n" + tail


SECTIONS: dict[str, Callable[[], str]] = {
    "first-picture": lambda: table_picture("digit-sum"),
    "digit-sum": lambda: table_section("digit-sum", pictured=False),
    "imdb": lambda: table_section("imdb"),
    "gallery": gallery,
    "layers": layers_section,
    "architectures": architectures_section,
    "claims": lambda: claims_table(RESULTS),
    "equal-budget": lambda: ranking_section(RESULTS),
}
SECTIONS |= {name: partial(section, Rows(RESULTS / "speed")) for name, section in SPEED_SECTIONS.items()}
SECTIONS |= {name: partial(section, latest(RESULTS / "harness")) for name, section in SCALE_SECTIONS.items()}


def rendered(page: Path) -> str:
    """A page with every rendered section made anew."""

    def render(found: re.Match[str]) -> str:
        return f"<!-- rendered: {found[1]} -->\n{SECTIONS[found[1]]()}\n<!-- end -->"

    return re.sub(r"<!-- rendered: (\S+) -->.*?<!-- end -->", render, page.read_text(encoding="utf-8"), flags=re.DOTALL)


def generate(out: Path) -> None:
    """Every table's page, CSV and pictures, and the pretrained model's gates; the HTML stays out of the repository."""
    for name in tables_with_rows(RESULTS):
        table = load_table(name)
        write_report(table, table_rows(table, RESULTS), RESULTS, out)["html"].unlink()
    rnnzoo(["plot", "gates", "--out", str(out / "gates.png")])
    speed_pictures(Rows(RESULTS / "speed"), out)
    equal_budget_picture(RESULTS, out)


def stale() -> list[str]:
    """The files that the rows and registries no longer agree with."""
    found = [str(page.relative_to(ROOT)) for page in PAGES if page.read_text(encoding="utf-8") != rendered(page)]
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
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
    for page in PAGES:
        page.write_text(rendered(page), encoding="utf-8")
    generate(GENERATED)
    return 0


if __name__ == "__main__":
    sys.exit(main())
