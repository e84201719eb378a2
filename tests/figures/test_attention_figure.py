"""Every word stands where it is read, on a ground that is the darker the more it counts."""

import pytest

from rnnzoo.figures import Attended, attention
from rnnzoo.figures.attention import COLUMNS

WORDS = ["a", "wonderful", "film"]


def words_of(figure):
    """The words with their boxes, in the order in which they are read."""
    found = [text for text in figure.axes[0].texts if text.get_bbox_patch() is not None]
    return sorted(found, key=lambda text: text.get_position()[::-1])


def darkness(text):
    red, green, blue, _ = text.get_bbox_patch().get_facecolor()
    return 3 - red - green - blue


def test_the_word_that_counts_most_is_the_darkest():
    shown = words_of(attention([Attended("t", WORDS, [0.1, 0.7, 0.2])]))
    assert [text.get_text() for text in shown] == WORDS
    assert darkness(shown[1]) > darkness(shown[2]) > darkness(shown[0])


def test_words_of_many_lines_are_read_in_their_order_and_do_not_touch():
    words = [f"w{number}" * (1 + number % 3) for number in range(60)]
    shown = words_of(attention([Attended("t", words, [1 / 60] * 60)]))
    assert [text.get_text() for text in shown] == words
    ends = {}
    for text in shown:
        column, line = text.get_position()
        assert column >= ends.get(line, 0)
        ends[line] = column + len(text.get_text()) + 1
        assert ends[line] - 1 <= COLUMNS
    assert len(ends) > 1


def test_every_sequence_has_its_own_scale_and_title():
    figure = attention([Attended("one", ["x"], [0.001]), Attended("two", ["y"], [1.0])])
    first, second = words_of(figure)
    assert darkness(first) == darkness(second)
    titles = [text.get_text() for text in figure.axes[0].texts if text.get_bbox_patch() is None]
    assert titles == ["one", "two"]


def test_weights_that_do_not_fit_the_words_are_refused():
    with pytest.raises(ValueError, match="t: 2 weights for 3 steps"):
        attention([Attended("t", WORDS, [0.5, 0.5])])
    with pytest.raises(ValueError, match="nothing to draw"):
        attention([])
