"""Training and test loss against the length of the sequences: a layer that learns by heart shows in the gap."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from rnnzoo.figures._style import Curve, draw, name_axes, new_figure


def loss_against_length(
    train: Sequence[Curve], test: Sequence[Curve], *, unit: str = "nats", title: str = ""
) -> Figure:
    """Training loss on the left, test loss on the right, one line a layer, with a common scale.

    Args:
        train: loss on the training split against length (steps), one curve a layer (mean over seeds and its spread).
        test: the same on the test split.
        unit: of the loss.

    Raises:
        ValueError: there is no curve.
    """
    if not train and not test:
        raise ValueError("there is no curve to draw; expected at least one layer's loss.")
    figure, (left, right) = new_figure(width=9.0, columns=2)
    labels = list(dict.fromkeys(curve.label for curve in (*train, *test)))
    for axis, curves, name in ((left, train, "training"), (right, test, "test")):
        for curve in curves:
            draw(axis, curve, labels.index(curve.label))
        axis.set_xticks(sorted({x for curve in (*train, *test) for x in curve.x}))
        name_axes(
            axis, "length of the sequence (steps)", f"{name} loss ({unit}; mean ± sd over seeds)", f"{name} sequences"
        )
    right.sharey(left)
    left.autoscale()
    left.set_ylim(bottom=0.0)
    (left if train else right).legend(frameon=False, fontsize=9)
    if title:
        figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    return figure
