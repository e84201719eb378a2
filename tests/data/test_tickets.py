"""Booking sentences: both labels for every city, verbs before and behind, names that are not seen in training."""

import functools
import math
from collections import Counter, defaultdict

import numpy as np
import pytest

from rnnzoo.data._tag_codec import TagCodec
from rnnzoo.data._ticket_grammar import GRAMMARS, Choices, draw_twins
from rnnzoo.data.tickets import Tickets
from rnnzoo.registry import UnknownName
from rnnzoo.tag_schemes import spans_of

ROLES = ("arrival", "departure")


@functools.cache
def sentences(language, split="train", **settings):
    """Each sentence's words, and its spans with their text."""
    joined = "" if language == "zh" else " "
    return [
        (each.words, [(joined.join(each.words[s.start : s.end]), s) for s in spans_of(each.tags, "IOB2")])
        for each in Tickets(language, **{"training": 2000, "test": 500, **settings}).read()[split]
    ]


def verb_places(words, language):
    """Where each verb begins, by looking for all of them."""
    text = words if language == "zh" else [f" {word} " for word in words]
    joined = "".join(text)
    begins, found = [len("".join(text[:i])) for i in range(len(text))], []
    for verb in {verb for pair in GRAMMARS[language].verbs for verb in pair}:
        phrase = verb if language == "zh" else f" {verb.replace(' ', '  ')} "
        at = joined.find(phrase)
        while at >= 0:
            found.append(begins.index(at))
            at = joined.find(phrase, at + 1)
    return found


@pytest.mark.parametrize("language", GRAMMARS)
def test_every_city_is_as_often_arrival_as_departure(language):
    counts = defaultdict(Counter)
    for _, spans in sentences(language):
        for name, span in spans:
            if span.type in ROLES:
                counts[name][span.type] += 1
    assert set(counts) == set(GRAMMARS[language].places)
    assert all(each["arrival"] == each["departure"] for each in counts.values())


@pytest.mark.parametrize("language", GRAMMARS)
@pytest.mark.parametrize("behind", [0.0, 0.3, 1.0])
def test_the_verb_stands_behind_its_city_in_the_share_asked_for(language, behind):
    rows = [row for row in sentences(language, behind=behind, two=0.0) if verb_places(row[0], language)]
    later = sum(
        min(verb_places(words, language)) > next(span.start for _, span in spans if span.type in ROLES)
        for words, spans in rows
    )
    assert len(rows) == 2000
    assert abs(later / len(rows) - behind) <= 4 * math.sqrt(behind * (1 - behind) / (len(rows) / 2))  # drawn in pairs


@pytest.mark.parametrize("language", GRAMMARS)
def test_nothing_before_a_city_with_its_verb_behind_tells_what_it_is(language):
    """The same beginning, the city included, has both labels equally often: one direction can but guess."""
    seen = defaultdict(Counter)
    for words, spans in sentences(language, behind=1.0, two=0.0):
        span = next(span for _, span in spans if span.type in ROLES)
        seen[tuple(words[: span.end])][span.type] += 1
    assert all(each["arrival"] == each["departure"] for each in seen.values())


@pytest.mark.parametrize("language", GRAMMARS)
def test_the_whole_sentence_always_tells_what_a_city_is(language):
    tags = defaultdict(set)
    for split in ("train", "test"):
        for words, spans in sentences(language, split):
            tags[tuple(words)].add(str(spans))
    assert all(len(each) == 1 for each in tags.values())


@pytest.mark.parametrize("language", GRAMMARS)
def test_two_cities_are_one_of_each_and_dates_are_missing_where_asked(language):
    rows = list(sentences(language, two=1.0, undated=0.0))
    assert all(sorted(span.type for _, span in spans) == ["arrival", "date", "departure"] for _, spans in rows)
    rows = list(sentences(language, two=0.0, undated=1.0))
    assert all(len(spans) == 1 for _, spans in rows)


def test_the_teaching_texts_own_sentences_are_of_the_grammar():
    grammar = GRAMMARS["zh"]._replace(
        verbs=(("去", "离开"),), days=("一月 一号",), months=("一月",) * 12, numbers=("一号",) * 31
    )
    assert "郑州" in grammar.places
    assert {"一月", "一号"} <= {*GRAMMARS["zh"].months, *GRAMMARS["zh"].numbers}
    choices, random = Choices(("郑州", "北京"), behind=0.5, two=0.0, undated=0.2), np.random.RandomState(0)
    drawn = {
        tuple("".join("".join(piece.words) for piece in pieces) for pieces in draw_twins(grammar, choices, random))
        for _ in range(2000)
    }
    assert ("我一月一号去郑州", "我一月一号离开郑州") in drawn
    assert ("我离开郑州", "我去郑州") in drawn
    assert ("郑州我一月一号去", "郑州我一月一号离开") in drawn


def test_no_training_sentence_has_a_name_of_the_others_where_they_are_to_be_unseen():
    data = Tickets(task="segmentation")
    places = data.places()
    assert not set(places["train"]) & (set(places["validation"]) | set(places["test"]))
    assert not set(places["validation"]) & set(places["test"])
    read = data.read()
    trained = {"".join(each.words[s.start : s.end]) for each in read["train"] for s in spans_of(each.tags, "BMES")}
    assert not any(place in word for word in trained for place in (*places["validation"], *places["test"]))
    assert len(trained) > 1000, "half of the training cities are invented"
    assert {len(place) for place in places["test"]} == {2, 3, 4}
    for split, part in read.items():
        words = {"".join(each.words[span.start : span.end]) for each in part for span in spans_of(each.tags, "BMES")}
        assert set(places[split]) <= words
        assert {"我", "要", "的", "城市"} <= words
    assert Tickets(unseen=True).places()["test"] == places["test"]
    assert Tickets().places()["test"] == GRAMMARS["zh"].places


def test_word_borders_are_those_of_the_words_that_the_grammar_has():
    known = {"，", "前者", "后者"}
    grammar = GRAMMARS["zh"]
    for templates in (grammar.before, grammar.behind, grammar.two_before, grammar.two_behind):
        known |= {part for template in templates for part in template.split() if not part.startswith("{")}
    known |= {*grammar.places, *grammar.days, *grammar.months, *grammar.numbers, *sum(grammar.verbs, ())}
    data = Tickets(task="segmentation", training=400, invented=0.0)
    assert data.spec["labels"] == ["B", "M", "E", "S"]
    for each in data.read()["train"]:
        spans = spans_of(each.tags, "BMES")
        assert all("".join(each.words[span.start : span.end]) in known for span in spans)
        assert sum(span.end - span.start for span in spans) == len(each.words)


def test_the_same_seed_draws_the_same_sentences_and_another_does_not():
    first, again, other = (Tickets(data_seed=seed, training=50).read() for seed in (1, 1, 2))
    assert first == again != other


def test_english_is_told_by_words_and_read_as_it_is_written():
    data = Tickets("en", training=400)
    words = [each.words for each in data.read()["train"][:50]]
    state = data.codec_state()
    state.pop("codec")
    codec = TagCodec(**state)
    for each in words:
        assert codec.encode([" ".join(each)]).inputs.tolist() == codec.encode([each]).inputs.tolist()


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"language": "fr"}, UnknownName, "zh"),
        ({"task": "slot"}, UnknownName, "slots"),
        ({"language": "en", "task": "segmentation"}, ValueError, "expected 'zh'"),
        ({"behind": 1.1}, ValueError, r"behind is 1\.1; expected a share"),
        ({"test": 3}, ValueError, "3 sentences of test; expected an even number"),
        ({"training": 0}, ValueError, "0 sentences of train; expected an even number"),
    ],
)
def test_settings_that_fit_nothing_are_refused(settings, error, message):
    with pytest.raises(error, match=message):
        Tickets(**settings)
