"""The heat maps show the values given, on scales that say what they mean, with every step named or none touching."""

import itertools

import numpy as np
import pytest
import torch

from rnnzoo.contracts import GateValues
from rnnzoo.figures import GATE, LARGE, SMALL, Panel, default_names, gate_panels, gates

STEPS = list("6700100000")
T, H = len(STEPS), 5


def values(states=("hidden", "cell"), scale=1.0):
    gate = {name: torch.rand(2, T, H) for name in ("input", "forget", "output")}
    return GateValues(
        {**gate, "candidate": torch.rand(2, T, H) * 2 - 1}, {name: scale * torch.randn(2, T, H) for name in states}
    )


def panel(title="input gate", steps=T, scale=GATE, low=0.0, high=1.0):
    return Panel(title, np.linspace(low, high, H * steps).reshape(H, steps), scale)


def maps(figure):
    return {axis.get_title(loc="left"): axis.images[0] for axis in figure.axes if axis.images}


def bars(figure):
    return [axis for axis in figure.axes if not axis.images]


def test_the_gates_and_the_cell_are_shown_unless_more_is_asked_for():
    assert default_names(values()) == ["input", "forget", "output", "cell"]
    assert default_names(values(states=("hidden",))) == ["input", "forget", "output", "hidden"]


def test_units_are_rows_and_steps_are_columns_of_the_row_asked_for():
    given = values()
    for row in (0, 1):
        shown = gate_panels(given, ["forget", "cell"], row)
        np.testing.assert_array_equal(shown[0].values, given.gates["forget"][row].numpy().T)
        np.testing.assert_array_equal(shown[1].values, given.states["cell"][row].numpy().T)
    images = maps(gates(shown, STEPS))
    np.testing.assert_array_equal(images["forget gate"].get_array(), shown[0].values)
    assert images["forget gate"].origin == "upper"


def test_a_gate_has_the_scale_0_to_1_and_a_state_a_symmetric_one_that_holds_it():
    given = values(scale=3.0)
    given.states["hidden"].clamp_(-1, 1)
    scales = {panel.title: panel.scale for panel in gate_panels(given, ["input", "candidate", "hidden", "cell"])}
    assert scales == {"input gate": GATE, "candidate": SMALL, "hidden state": SMALL, "cell": LARGE}
    assert (GATE.low, GATE.high, LARGE.low, LARGE.high) == (0, 1, -5, 5)
    image = maps(gates(gate_panels(given, ["cell"]), STEPS))["cell"]
    assert image.get_clim() == (-5, 5)


def test_there_is_one_colour_bar_a_scale_even_where_panels_come_in_another_order():
    given = [panel("a"), panel("cell", scale=LARGE), panel("b"), panel("candidate", scale=SMALL)]
    figure = gates(given, STEPS)
    assert [axis.get_title(loc="left") for axis in figure.axes if axis.images] == ["a", "b", "cell", "candidate"]
    assert len(bars(figure)) == 3


@pytest.mark.parametrize(
    ("low", "high", "extend"), [(-4, 4, "neither"), (-9, 4, "min"), (-4, 9, "max"), (-9, 9, "both")]
)
def test_a_bar_has_a_pointed_end_where_values_go_beyond_it(low, high, extend):
    (bar,) = bars(gates([panel("cell", scale=LARGE, low=low, high=high)], STEPS))
    assert bar._colorbar.extend == extend


@pytest.mark.parametrize("steps", [STEPS, ["wonderful", "film"] * 12, [str(i) for i in range(300)]])
def test_names_of_steps_stand_below_their_columns_and_do_not_touch(steps):
    figure = gates([panel(steps=len(steps)), panel("cell", len(steps), LARGE)], steps)
    figure.draw_without_rendering()
    axis = [axis for axis in figure.axes if axis.images][-1]
    named = list(zip(axis.get_xticks(), axis.get_xticklabels(), strict=True))
    assert all(label.get_text() == steps[int(place)] for place, label in named)
    boxes = [label.get_window_extent() for _, label in named]
    assert all(left.x1 <= right.x0 + 0.5 for left, right in itertools.pairwise(boxes))
    assert len(named) == len(steps) or len(steps) == 300


def test_titles_axes_and_bars_do_not_overlap():
    title = "a model reads “6700100000” and answers “13” (probability 0.998) " * 3
    figure = gates(gate_panels(values(), ["input", "forget", "output", "cell"]), STEPS, title=title)
    figure.draw_without_rendering()
    boxes = [axis.get_tightbbox() for axis in figure.axes] + [figure._suptitle.get_window_extent()]
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            assert min(one.x1, other.x1) <= max(one.x0, other.x0) + 1 or (
                min(one.y1, other.y1) <= max(one.y0, other.y0) + 1
            )
    assert max(box.x1 for box in boxes) <= figure.bbox.x1


def test_words_of_the_input_are_never_read_as_mathematics():
    figure = gates([panel(steps=3)], ["$", "\\frac{", "$x_1$"], title="it costs $5 or \\$6$ and _")
    figure.draw_without_rendering()
    axis = next(axis for axis in figure.axes if axis.images)
    assert not any(label.get_parse_math() for label in (*axis.get_xticklabels(), figure._suptitle))


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="expected at least one panel"):
        gates([], STEPS)
    with pytest.raises(ValueError, match=r"input gate: values have shape \(5, 10\); expected \(units, 3 steps\)"):
        gates([panel()], STEPS[:3])
