"""The pictures, one a file; each takes numbers and returns a matplotlib Figure."""

from rnnzoo.figures._style import Curve
from rnnzoo.figures.accuracy_against_length import accuracy_against_length
from rnnzoo.figures.alignment import alignment
from rnnzoo.figures.attention import Attended, attention
from rnnzoo.figures.comparison import Bar, comparison
from rnnzoo.figures.confusion import confusion
from rnnzoo.figures.ctc_posteriors import ctc_posteriors
from rnnzoo.figures.forecast import Forecasted, forecast
from rnnzoo.figures.gates import GATE, LARGE, SMALL, Panel, default_names, gate_panels, gates
from rnnzoo.figures.gradient_norms_against_step import Band, gradient_norms_against_step
from rnnzoo.figures.gradient_reach import gradient_reach
from rnnzoo.figures.loss_against_length import loss_against_length
from rnnzoo.figures.piano_roll import Roll, piano_roll
from rnnzoo.figures.predicted_against_true import Panels, predicted_against_true
from rnnzoo.figures.ranking import Ranked, ranking
from rnnzoo.figures.rankings import Placed, rankings
from rnnzoo.figures.ratio_ranking import LayerRatio, ratio_ranking
from rnnzoo.figures.relative_time import Timing, relative_time
from rnnzoo.figures.saving import FORMATS, save_figure

__all__ = [
    "FORMATS",
    "GATE",
    "LARGE",
    "SMALL",
    "Attended",
    "Band",
    "Bar",
    "Curve",
    "Forecasted",
    "LayerRatio",
    "Panel",
    "Panels",
    "Placed",
    "Ranked",
    "Roll",
    "Timing",
    "accuracy_against_length",
    "alignment",
    "attention",
    "comparison",
    "confusion",
    "ctc_posteriors",
    "default_names",
    "forecast",
    "gate_panels",
    "gates",
    "gradient_norms_against_step",
    "gradient_reach",
    "loss_against_length",
    "piano_roll",
    "predicted_against_true",
    "ranking",
    "rankings",
    "ratio_ranking",
    "relative_time",
    "save_figure",
]
