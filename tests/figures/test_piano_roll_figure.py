"""A piano roll draws every note where and as long as it sounds."""

import pytest

from rnnzoo.figures import Roll, piano_roll
from rnnzoo.figures._style import COLOURS
from rnnzoo.figures.piano_roll import bars

CHORDS = [[60, 64], [60, 64], [64, 67], [], [60]]


def drawn(axis):
    """Each bar: its number, begin and end in frames, rounded, and its colour."""
    found = []
    for bar in axis.collections:
        box = bar.get_paths()[0].get_extents()
        found.append((round((box.y0 + box.y1) / 2), round(box.x0), round(box.x1), tuple(bar.get_facecolor()[0])))
    return sorted(found)


def test_held_notes_are_one_bar_and_the_given_ones_end_at_the_line():
    assert bars(Roll("", CHORDS)) == [(60, 0, 2), (60, 4, 5), (64, 0, 3), (67, 2, 3)]
    assert bars(Roll("", CHORDS, 1)) == [(60, 0, 1), (60, 1, 2), (60, 4, 5), (64, 0, 1), (64, 1, 3), (67, 2, 3)]


def test_every_bar_is_drawn_at_its_place_in_the_colour_of_its_sort():
    figure = piano_roll([Roll("one", CHORDS, 1), Roll("two", CHORDS)], title="both")
    assert [bar[:3] for bar in drawn(figure.axes[0])] == bars(Roll("", CHORDS, 1))
    colours = [colour for *_, colour in drawn(figure.axes[0])]
    assert len(set(colours)) == 2
    assert colours[0] == colours[3] != colours[1]  # those of the first frame
    assert len({colour for *_, colour in drawn(figure.axes[1])}) == 1
    assert len(COLOURS) >= 2


def test_octaves_are_named_and_the_scales_are_the_same():
    one, two = piano_roll([Roll("one", [[60, 84]]), Roll("two", [[70]] * 9)]).axes
    assert [label.get_text() for label in one.get_yticklabels()] == ["C4", "C5", "C6"]
    assert (one.get_xlim(), one.get_ylim()) == (two.get_xlim(), two.get_ylim())


@pytest.mark.parametrize(
    ("rolls", "message"),
    [
        ([], "nothing to draw"),
        ([Roll("a", [])], "a: 0 of 0 frames"),
        ([Roll("a", [[60]], 2)], "a: 2 of 1 frames"),
        ([Roll("a", [[], []])], "no note sounds"),
    ],
)
def test_what_cannot_be_drawn_is_refused(rolls, message):
    with pytest.raises(ValueError, match=message):
        piano_roll(rolls)
