"""What is printed while measurements are made: a line a comparison, a summary a part, and the time left."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import rich.console
import rich.markup
from _measurement import Elsewhere, Measurement
from _rows import allocator

from rnnzoo.bench.growth import exponents

HIDDEN = ("cell", "of", "backend", "form")
"""Settings that are not shown where a row's labels say them."""


class Console:
    """Prints; and knows from the time each part's steps took how long the rest will take.

    Args:
        steps: by part, all that will be made.
    """

    def __init__(self, steps: Mapping[str, Sequence[Measurement | Elsewhere]]) -> None:
        self._out = rich.console.Console(highlight=False, width=max(120, rich.console.Console().width))
        self._left = {name: sum(step.cost for step in each) for name, each in steps.items()}
        self._thought = dict.fromkeys(steps, 0.0)  # of what is made: the cost, and what it took
        self._took = dict.fromkeys(steps, 0.0)
        self._shown: list[Mapping[str, Any]] = []

    def part(self, name: str, description: str, left_out: Sequence[str]) -> None:
        """A part begins."""
        self._shown = []
        about = f"{spoken(self.seconds_left())} left in all; allocator: {allocator()}"
        self._out.print(f"\n[bold]{name}[/bold]: {description}  [dim]({about})[/dim]")
        for reason in left_out:
            self._out.print(f"  [yellow]left out:[/yellow] {reason}")
        heads = f"{'settings':<35}{'candidate':<27}{'baseline':<27}{'ratio':>7}  {'quartiles':<15}"
        self._out.print(f"[dim]{heads}left[/dim]")

    @contextmanager
    def timing(self, step: Measurement | Elsewhere) -> Iterator[None]:
        """A step is made in here."""
        start = time.perf_counter()
        yield
        self._left[step.part] -= step.cost
        self._thought[step.part] += step.cost
        self._took[step.part] += time.perf_counter() - start

    def rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """What a measurement found."""
        for row in rows:
            shade = "green" if row["ratio"] <= 1 else "red"
            said = f"{row['candidate']} {row['baseline']}".lower()
            about = " ".join(
                _setting(key, value)
                for key, value in row["settings"].items()
                if key not in HIDDEN or str(value) not in said
            )
            quartiles = f"{row['low']:.2f}..{row['high']:.2f}"
            self._out.print(
                f"{about:<34.34} {row['candidate']:<26.26} {row['baseline']:<26.26} "
                f"[{shade}]{row['ratio']:>7.3f}[/{shade}]  {quartiles:<15}[dim]{spoken(self.seconds_left())}[/dim]"
            )
        self._shown += rows

    def skipped(self, step: Measurement) -> None:
        """A measurement whose rows are there."""
        first = step.comparisons[0]
        self._out.print(
            f"[dim]there already: {first.candidate} against {first.baseline} ({len(step.comparisons)})[/dim]"
        )

    def failed(self, step: Measurement | Elsewhere, error: Exception) -> None:
        """A measurement that could not be made."""
        what = (
            ", ".join(dict.fromkeys(c.candidate for c in step.comparisons))
            if isinstance(step, Measurement)
            else step.part
        )
        said = rich.markup.escape(f"{what}: {type(error).__name__}: {error}")
        self._out.print(f"[red]failed:[/red] {said}")

    def end_of_part(self, name: str) -> None:
        """The median over all comparisons with each package, and the worst one; of growth, the exponents."""
        if name == "growth":
            for (cell, along), exponent in exponents(self._shown).items():
                self._out.print(f"  {cell}: time grows as {along}^{exponent:.2f}")
            return
        found: dict[str, list[Mapping[str, Any]]] = {}
        for row in self._shown:
            against = row["baseline"].rpartition(".")[0] if "." in row["baseline"] else row["baseline"]
            found.setdefault(f"{row['settings'].get('pass', '')} against {against}".strip(), []).append(row)
        for what, rows in found.items():
            worst = max(rows, key=lambda row: row["ratio"])
            middle = statistics.median(row["ratio"] for row in rows)
            self._out.print(
                f"  {what}: median {middle:.3f} of {len(rows)}, worst {worst['ratio']:.3f} ({worst['candidate']})"
            )

    def seconds_left(self) -> float:
        """Seconds until all is made: as thought, scaled by how a part's steps so far, else all, differ from that."""
        thought, took = sum(self._thought.values()), sum(self._took.values())
        overall = took / thought if thought else 1.0
        return sum(
            left * (self._took[name] / self._thought[name] if self._thought[name] else overall)
            for name, left in self._left.items()
        )


def spoken(seconds: float) -> str:
    """A time for people."""
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{max(seconds, 0.0):.0f} s"


def _setting(key: str, value: Any) -> str:
    return str(value) if isinstance(value, str) else f"{key}{value}"
