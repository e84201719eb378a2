"""Quality against cost as an SVG: each layer a dot, those named that none beats in both."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import NamedTuple

from rnnzoo.bench.summary import spoken_time

WIDTH, HEIGHT = 960, 460
LEFT, RIGHT, TOP, BOTTOM = 60, 110, 16, 48
TIMES = (1, 3, 10, 30, 60, 180, 600, 1800, 3600, 10800, 36000, 86400, 259200)  # seconds that an axis may be marked at


class Dot(NamedTuple):
    """A layer: its cost in seconds, and its mean place (1 is best)."""

    name: str
    kind: str
    seconds: float
    place: float


def scatter(dots: Sequence[Dot]) -> str:
    """Mean place against training time, whose scale is logarithmic; "" where there are fewer than two dots."""
    dots = [dot for dot in dots if dot.seconds > 0]
    if len(dots) < 2:
        return ""
    low, high = min(dot.seconds for dot in dots) / 1.2, max(dot.seconds for dot in dots) * 1.2
    worst = max(dot.place for dot in dots)

    def x(seconds: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(seconds / low) / math.log(high / low)

    def y(place: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (place - 0.5) / (worst + 0.5 - 0.5)

    bottom = HEIGHT - BOTTOM
    marks = []
    for seconds in TIMES:
        if low <= seconds <= high:
            at = x(seconds)
            marks.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{bottom}"/>')
            marks.append(f'<text x="{at:.1f}" y="{bottom + 18}" text-anchor="middle">{spoken_time(seconds)}</text>')
    for place in sorted({1, *range(10, int(worst) + 1, 10 if worst < 60 else 20)}):
        at = y(place)
        marks.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        marks.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{place}</text>')
    marks.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">training time</text>')
    middle = (TOP + bottom) / 2
    marks.append(
        f'<text transform="translate(16 {middle}) rotate(-90)" text-anchor="middle">mean place (1 is best)</text>'
    )
    named = set(front(dots))
    for dot in dots:
        told = html.escape(f"{dot.name} ({dot.kind}): mean place {dot.place:.1f}, {spoken_time(dot.seconds)}")
        where = f'cx="{x(dot.seconds):.1f}" cy="{y(dot.place):.1f}"'
        marks.append(f'<circle class="{html.escape(dot.kind)}" {where} r="5"><title>{told}</title></circle>')
        if dot in named:
            name = html.escape(dot.name)
            marks.append(f'<text class="name" x="{x(dot.seconds) + 8:.1f}" y="{y(dot.place) - 5:.1f}">{name}</text>')
    said = "Mean place of every layer against the time its trainings took; the numbers stand in the table above"
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{said}">{"".join(marks)}</svg>'
        "<figcaption>Quality against cost. Named: the layers that no other beats in both; the others say their names "
        "under the pointer.</figcaption></figure>"
    )


def front(dots: Sequence[Dot]) -> list[Dot]:
    """The dots that no other is better than in one and at least equal to in the other, the quickest first."""
    found: list[Dot] = []
    for dot in sorted(dots, key=lambda dot: (dot.seconds, dot.place, dot.name)):
        if not found or dot.place < found[-1].place:
            found.append(dot)
    return found
