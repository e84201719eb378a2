"""The pictures, one a file; each takes numbers and returns a matplotlib Figure."""

from rnnzoo.figures._style import Curve
from rnnzoo.figures.accuracy_against_length import accuracy_against_length
from rnnzoo.figures.comparison import Bar, comparison
from rnnzoo.figures.loss_against_length import loss_against_length
from rnnzoo.figures.relative_time import Timing, relative_time

__all__ = [
    "Bar",
    "Curve",
    "Timing",
    "accuracy_against_length",
    "comparison",
    "loss_against_length",
    "relative_time",
]
