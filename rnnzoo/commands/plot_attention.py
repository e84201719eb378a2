"""The picture of ``rnnzoo plot attention``: what a model looks at in a text as it writes its answer."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LONGEST = 80
"""Characters of a text in the title; of a longer one the end is left out."""


class AttentionError(ValueError):
    """The attention asked for cannot be shown."""


def draw(options: argparse.Namespace) -> tuple[str, Figure]:
    """The stem of a file's name, and the figure.

    Raises:
        AttentionError: there is no model or text, or the model writes nothing or has no attention.
    """
    if options.model is None or options.input is None:
        raise AttentionError('a model and a text are needed: rnnzoo plot attention MODEL "a text".')
    from rnnzoo.figures import alignment
    from rnnzoo.pretrained import load_pretrained

    model: Any = load_pretrained(options.model)
    if not hasattr(model, "attention_map"):
        raise AttentionError(f"{options.model} is a {type(model).__name__}, which writes no sequence for a sequence.")
    found = model.attention_map(options.input)
    if found is None:
        raise AttentionError(f"{options.model} was built with attention 'none'; there is nothing to show.")
    title = f"{Path(options.model).stem}: “{_short(options.input)}” as “{_short(found.text)}”"
    figure = alignment(found.source, found.target, found.weights, title=title)
    return f"attention-{Path(options.model).stem}", figure


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
