"""Answers quote the text as it was given: offsets fit it, whatever its script, and a line shows every span."""

import io
import json
import re

import pytest
from rich.console import Console

from rnnzoo import cli
from rnnzoo.data.snips import Snips
from rnnzoo.data.weibo_ner import WeiboNer
from rnnzoo.pretrained import load_pretrained, save_pretrained
from rnnzoo.tag_schemes import Span
from rnnzoo.tasks._tagged_sentence import joined, tagged_sentence
from rnnzoo.tasks.sequence_tagging import SequenceTagger

TEXTS = ["play  blue sky\tfor noon", "rate", "加\u0301 Zürich 👩‍👧 עברית for tonight"]


def tagger(data, **options):
    task = SequenceTagger(data.spec, "gru", hidden_size=8, embedding_size=8, **options)
    task.codec = data.codec_state()
    return task


@pytest.fixture
def task():
    return tagger(Snips.tiny(), characters="cnn", output="crf", bidirectional=True)


def test_every_step_and_span_is_found_in_the_text_at_its_offsets(task):
    for text, answer in zip(TEXTS, task.predict(TEXTS), strict=True):
        assert answer.text == text
        assert answer.tokens == text.split()
        assert len(answer.tags) == len(answer.probabilities) == len(answer.tokens)
        for span in answer.spans:
            assert text[span.start : span.end] == span.text
            assert span.text.split()[0] in answer.tokens
        assert answer.intent in task.intents
        assert 1 / len(task.intents) <= answer.intent_probability <= 1


def test_a_list_of_words_is_a_text_with_blanks(task):
    text, words = task.predict(["play blue sky for noon", ["play", "blue", "sky", "for", "noon"]])
    assert words.text == text.text
    assert words.spans == text.spans
    assert words.tags == text.tags
    assert words.probabilities == pytest.approx(text.probabilities, abs=1e-6)


def test_without_the_raw_text_an_answer_has_the_words_that_the_model_knows(task):
    data = Snips.tiny()
    batch = next(iter(data.test_dataloader()))
    n = int(batch.lengths[0])
    answer = task.eval().predict_step(batch, 0)[0]
    assert (answer.tokens == data.codec_state()["vocabulary"] and n) or len(answer.tokens) == n
    assert answer.text == " ".join(answer.tokens)


def test_chinese_is_tagged_by_character():
    (answer,) = tagger(WeiboNer.tiny()).predict(["我 在北京"])
    assert answer.tokens == list("我在北京")
    assert answer.text == "我 在北京"


def test_a_sentence_of_ten_thousand_steps_and_none_at_all(task):
    (answer,) = task.predict(["noon " * 10_000])
    assert len(answer.tags) == 10_000
    with pytest.raises(ValueError, match="has no word"):
        task.predict([" "])


def test_a_line_shows_the_text_with_each_span_and_its_label_and_colours_on_a_terminal_alone():
    text, steps = joined(["to", "Bei", "jing", "now"])
    answer = tagged_sentence(text, steps, ["O", "B-city", "I-city", "O"], [1.0] * 4, [Span(1, 3, "city")])
    assert answer.spans == [("city", 3, 11, "Bei jing")]
    answer = answer._replace(intent="Fly", intent_probability=0.75)
    assert str(answer.line()) == "Fly 0.750\tto [Bei jing city] now"
    file = io.StringIO()
    Console(file=file, force_terminal=True, color_system="standard").print(answer.line())
    assert "\x1b[1mFly\x1b[0m 0.750" in file.getvalue()
    assert re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue()).split() == str(answer.line()).split()


def test_tags_that_mark_no_spans_stand_behind_their_words():
    text, steps = joined(["dogs", "bark"])
    answer = tagged_sentence(text, steps, ["NOUN", "VERB"], [1.0, 1.0], [])
    assert answer.line().plain == "dogs/NOUN bark/VERB"
    assert answer._replace(tags=["O", "O"]).line().plain == "dogs bark"


def test_a_saved_tagger_answers_as_it_did_and_predict_prints_it(task, tmp_path, capsys):
    model = save_pretrained(task, tmp_path / "model")
    answers = task.predict(TEXTS)
    assert load_pretrained(model).predict(TEXTS) == answers
    assert cli.main(["predict", str(model), *TEXTS]) == 0
    printed = capsys.readouterr().out.split("\n")
    assert [line.split("\t", 1)[1] for line in printed[:3]] == [a.line().plain.split("\t", 1)[1] for a in answers]
    assert cli.main(["predict", str(model), TEXTS[0], "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["text"] == TEXTS[0]
    assert found["spans"] == [span._asdict() for span in answers[0].spans]
    half = load_pretrained(save_pretrained(task, tmp_path / "half", half=True)).predict(TEXTS)
    assert [answer.tokens for answer in half] == [answer.tokens for answer in answers]
