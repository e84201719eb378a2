"""The traces that a table can ask for, by name."""

from __future__ import annotations

from rnnzoo.callbacks.confusion_trace import ConfusionTrace
from rnnzoo.callbacks.gradient_norm_trace import GradientNormTrace
from rnnzoo.callbacks.gradient_reach import GradientReach
from rnnzoo.callbacks.trace import Trace

TRACES: dict[str, type[Trace]] = {
    "confusion": ConfusionTrace,
    "gradient_norms": GradientNormTrace,
    "gradient_reach": GradientReach,
}
