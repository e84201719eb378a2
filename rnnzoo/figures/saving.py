"""A picture as a file, which is whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from rnnzoo.figures._fonts import fit_fonts

FORMATS = (".png", ".pdf", ".svg")


def check_format(path: Path) -> None:
    """Refuse a file name that does not end as a picture's.

    Raises:
        ValueError: it does not.
    """
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"{path} ends with {path.suffix or 'no suffix'!r}; expected {', '.join(FORMATS)}.")


def save_figure(figure: Figure, path: Path) -> Path:
    """Write ``figure`` to ``path`` in the format its name ends with: aside first, then renamed.

    Raises:
        ValueError: the name ends with none of ``FORMATS``.
        OSError: it cannot be written; nothing is left behind.
    """
    check_format(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; expected the name of a file.")
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write(figure, aside, path.suffix.lower()[1:])
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    return path


def _write(figure: Figure, path: Path, form: str) -> None:
    """As ``figure.savefig``, which draws a figure with a layout twice: once to lay it out, without its pixels.

    A PNG needs but the layout itself before it is drawn; what comes out is the same, in three quarters of the time.
    """
    engine, canvas = figure.get_layout_engine(), figure.canvas
    # missing characters are told while the figure is drawn
    if form != "png" or engine is None or not isinstance(canvas, FigureCanvasAgg) or fit_fonts(figure):
        figure.savefig(path, format=form)
        return
    engine.execute(figure)
    figure.set_layout_engine("none")
    try:
        canvas.print_png(str(path))
    finally:
        figure.set_layout_engine(engine)
