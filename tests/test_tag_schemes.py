"""Tag schemes: against the transitions each allows, over all short sequences; against seqeval; there and back."""

import itertools

import numpy as np
import pytest
from seqeval.metrics.sequence_labeling import get_entities

from rnnzoo.registry import UnknownName
from rnnzoo.tag_schemes import PREFIXES, Span, all_tags, convert, illegal_steps, spans_of, split_tag, tags_of

TYPES = ("x", "y-z")
LENGTH = 4


def sequences(scheme, types=TYPES):
    """All sequences of up to four tags."""
    for length in range(LENGTH + 1):
        yield from itertools.product(all_tags(types, scheme), repeat=length)


def follows(scheme, before, tag):
    """Whether the scheme's definition lets ``tag`` stand behind ``before`` (``None``: the sentence's edge)."""
    one, kind = (before or "O").partition("-")[::2]
    two, other = (tag or "O").partition("-")[::2]
    if scheme == "IOB1":
        return two != "B" or (one != "O" and kind == other)
    if scheme == "IOB2":
        return two != "I" or (one != "O" and kind == other)
    open_before, goes_on = one in ("B", "I", "M"), two in ("I", "M", "E")
    return open_before == goes_on and (not goes_on or kind == other)


@pytest.mark.parametrize("scheme", PREFIXES)
def test_tags_are_legal_if_and_only_if_every_transition_is(scheme):
    for tags in sequences(scheme):
        legal = all(follows(scheme, *pair) for pair in itertools.pairwise((None, *tags, None)))
        assert legal == (not illegal_steps(tags, scheme)), tags


@pytest.mark.parametrize("scheme", PREFIXES)
def test_repairing_keeps_the_spans_and_is_done_once(scheme):
    for tags in sequences(scheme):
        repaired = convert(tags, scheme, scheme)
        assert spans_of(repaired, scheme) == spans_of(tags, scheme)
        assert convert(repaired, scheme, scheme) == repaired


@pytest.mark.parametrize("scheme", ["IOB1", "IOB2", "BIOES"])
def test_spans_are_those_of_seqeval_for_legal_and_illegal_tags(scheme):
    for tags in sequences(scheme):
        expected = [Span(start, end + 1, kind) for kind, start, end in get_entities(list(tags))]
        assert spans_of(tags, scheme) == expected, tags


def random_spans(random, length, types=("x", "y-z", "")):
    borders = sorted(random.choice(length + 1, size=random.randint(0, length + 1), replace=False))
    return [
        Span(int(a), int(b), str(random.choice(types))) for a, b in itertools.pairwise(borders) if random.rand() < 0.7
    ]


@pytest.mark.parametrize("types", [("x", "y-z"), ("",)])
def test_spans_survive_every_way_between_all_schemes(types):
    random = np.random.RandomState(0)
    for length in range(12):
        for _ in range(30):
            spans = random_spans(random, length, types)
            tags, at = tags_of(spans, length, "IOB2"), "IOB2"
            for scheme in random.permutation([*PREFIXES, *PREFIXES]):
                tags, at = convert(tags, at, scheme), scheme
                assert spans_of(tags, scheme) == spans
                assert not illegal_steps(tags, scheme)


def test_published_examples():
    """Ramshaw and Marcus, 1995, table 2 (IOB1); the same in the other schemes."""
    tags = {
        "IOB1": ["I-N", "O", "I-N", "I-N", "O", "I-N", "B-N", "I-N"],
        "IOB2": ["B-N", "O", "B-N", "I-N", "O", "B-N", "B-N", "I-N"],
        "BIOES": ["S-N", "O", "B-N", "E-N", "O", "S-N", "B-N", "E-N"],
        "BMES": ["S-N", "O", "B-N", "E-N", "O", "S-N", "B-N", "E-N"],
    }
    for one, two in itertools.product(tags, tags):
        assert convert(tags[one], one, two) == tags[two]
    assert convert(["B", "M", "E", "S"], "BMES", "IOB2") == ["B", "I", "I", "B"]


@pytest.mark.parametrize("tag", ["X-loc", "B-", "-loc", "loc", "", "BI-loc", "O-loc", "M-loc"])
def test_what_is_no_tag_of_the_scheme_is_refused(tag):
    with pytest.raises(ValueError, match="is no tag of IOB2; expected O, or one of B, I and a type"):
        split_tag(tag, "IOB2")


def test_unknown_schemes_and_spans_that_overlap_are_refused():
    with pytest.raises(UnknownName, match=r"IOB3.*IOB2"):
        convert(["O"], "IOB3", "IOB2")
    with pytest.raises(UnknownName, match="none"):
        spans_of(["NOUN"], "none")
    for spans in ([Span(0, 2, "x"), Span(1, 3, "x")], [Span(1, 1, "x")], [Span(2, 5, "x")], [Span(-1, 1, "x")]):
        with pytest.raises(ValueError, match="overlaps"):
            tags_of(spans, 4, "IOB2")
    assert illegal_steps(["NOUN", "VERB"], "none") == []
