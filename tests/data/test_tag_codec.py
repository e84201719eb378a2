"""Sentences cut into steps: where each stands in the text, what it is looked up as, and what is refused."""

import pytest
import torch

from rnnzoo.data._tag_codec import PATTERNS, TagCodec, shortened
from rnnzoo.registry import UnknownName

PAD_UNK = ["[PAD]", "[UNK]"]
SENTENCES = [
    "Book a table, in Paris!",
    "  two  blanks\tand\u3000more ",
    "我一月一号去郑州 。",
    "ne\u0301e 👩\u200d🚀👍🏽 ok",
    "שָׁלוֹם עולם، مرحبا!",
    "@ann http://a.bc/d?e=f #tag 1,000.50 don't!!! ... :-)",
    "\u200f\u202bx\u202c",
]


@pytest.mark.parametrize("tokenizer", PATTERNS)
@pytest.mark.parametrize("text", SENTENCES)
def test_every_step_is_its_piece_of_the_text_and_between_steps_are_blanks_alone(tokenizer, text):
    codec = TagCodec([*PAD_UNK, *(match[0] for match in PATTERNS[tokenizer].finditer(text))], tokenizer)
    places = codec.steps(text)
    words = codec.decode(codec.encode([text]).inputs[0].tolist())
    assert [text[start:end] for start, end in places] == words
    begin = 0
    for start, end in [*places, (len(text), len(text))]:
        assert not text[begin:start].strip()
        begin = end


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Book a table, in Paris!", ["Book", "a", "table", ",", "in", "Paris", "!"]),
        ("@ann_b http://a.bc/d?e=f #tag", ["@ann_b", "http://a.bc/d?e=f", "#tag"]),
        ("1,000.50 don't co-op U.S. 3rd", ["1,000.50", "don't", "co-op", "U.S", ".", "3rd"]),
        ("so!!! ... ok👍🏽👩\u200d🚀", ["so", "!!!", "...", "ok", "👍🏽", "👩\u200d🚀"]),
        ("ne\u0301e שָׁלוֹם", ["ne\u0301e", "שָׁלוֹם"]),
    ],
)
def test_words_keep_what_stands_inside_of_them_and_marks_stand_alone(text, expected):
    assert [text[start:end] for start, end in TagCodec(PAD_UNK, "words").steps(text)] == expected


def test_a_list_of_words_is_cut_as_if_joined_by_blanks():
    words = ["New York", "is", "on\u00a0it"]
    joined = " ".join(words)
    codec = TagCodec([*PAD_UNK, *words])
    assert [joined[start:end] for start, end in codec.steps(words)] == words
    assert codec.encode([words]).inputs.tolist() == [[2, 3, 4]]
    characters = TagCodec([*PAD_UNK, *"机器学习"], "characters")
    assert characters.steps(["机器", "学习"]) == [(0, 1), (1, 2), (3, 4), (4, 5)]
    assert characters.encode([["机器", "学习"]]).inputs.tolist() == characters.encode(["机器学习"]).inputs.tolist()


def test_positions_are_those_of_the_words_that_are_given():
    codec = TagCodec(
        [*PAD_UNK, "机0", "器1", "学0"], "characters", characters=[*PAD_UNK, *"机器学习"], limit=1, positions=True
    )
    batch = codec.encode([["机器", "学习"]])
    assert batch.inputs["words"].tolist() == [[2, 3, 4, 1]]
    assert batch.inputs["characters"].tolist() == [[[2], [3], [4], [5]]]
    with pytest.raises(TypeError, match="segmented text: give a list of words"):
        codec.encode(["机器学习"])
    with pytest.raises(ValueError, match="expected 'characters'"):
        TagCodec(PAD_UNK, positions=True)


def test_words_are_looked_up_in_lower_case_and_without_digits_and_their_characters_as_they_are():
    codec = TagCodec([*PAD_UNK, "flight00"], lower=True, digits=True, characters=[*PAD_UNK, *"Ft12"], limit=4)
    batch = codec.encode(["FlighT12 flight1"])
    assert batch.inputs["words"].tolist() == [[2, 1]]
    assert batch.inputs["characters"].tolist() == [[[2, 1, 4, 5], [1, 1, 3, 4]]]  # F l 1 2, f l t 1


@pytest.mark.parametrize("limit", range(1, 8))
def test_of_a_long_word_both_ends_stay(limit):
    short = shortened("abcdefgh", limit)
    assert len(short) == limit
    assert "abcdefgh".startswith(short[: limit - limit // 2])
    assert "abcdefgh".endswith(short[limit - limit // 2 :])


def test_sentences_of_many_lengths_share_a_batch_and_ten_thousand_steps_are_no_matter():
    codec = TagCodec([*PAD_UNK, "a"], characters=[*PAD_UNK, "a"], limit=3)
    batch = codec.encode(["a " * 10_000, "a b"])
    assert batch.lengths.tolist() == [10_000, 2]
    assert batch.weights.sum(1).tolist() == [10_000, 2]
    assert torch.equal(batch.inputs["characters"][:, :, 0], batch.inputs["words"])
    assert batch.targets.shape == batch.inputs["words"].shape


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ([], "at least one sentence"),
        ("a string", "expected a list of at least one sentence, got 'a string'"),
        (["fine", ""], "sentence 1: '' has no word"),
        (["fine", " \t\n"], "sentence 1: .* has no word"),
        ([["fine"], []], r"sentence 1: \[\] has no word"),
        ([["fine", " "]], "sentence 0: word 1 is ' '; expected no empty word"),
    ],
)
def test_what_has_no_word_is_refused(raw, message):
    with pytest.raises(ValueError, match=message):
        TagCodec(PAD_UNK).encode(raw)


@pytest.mark.parametrize("raw", [[None], [3], [["a", 3]], [b"bytes"]])
def test_what_is_no_sentence_is_refused(raw):
    with pytest.raises(TypeError, match=r"sentence 0: a .*; expected a string or a list of words"):
        TagCodec(PAD_UNK).encode(raw)


def test_settings_that_fit_nothing_are_refused():
    with pytest.raises(UnknownName, match=r"blank.*blanks"):
        TagCodec(PAD_UNK, "blank")
    for given in ({"vocabulary": ["a"]}, {"vocabulary": PAD_UNK, "characters": ["a"]}):
        with pytest.raises(ValueError, match=r"begins with \['a'\]; expected \['\[PAD\]', '\[UNK\]'\]"):
            TagCodec(**given)
