"""Tokenizers, vocabulary and the text codec."""

import itertools
from collections import Counter

import pytest

from rnnzoo.data import text
from rnnzoo.data.text import TextCodec, build_vocabulary, find_tokenizer, register_tokenizer
from rnnzoo.registry import CODECS, UnknownName


@pytest.mark.parametrize(
    ("name", "raw", "tokens"),
    [
        ("split", "A  fine,film", ["a", "", "fine,film"]),
        ("keras", "It's  'good' [sic]<br />\tco-op\u00a0x", ["it's", "'good'", "sic", "br", "co", "op\u00a0x"]),
        ("basic_english", "It's fine.<br />Yes", ["it", "'", "s", "fine", ".", "yes"]),
        ("words", "It's GREAT!<br /><BR/>10/10", ["it's", "great", "!", "10", "/", "10"]),
        ("words", "don’t 'quote'", ["don’t", "'", "quote", "'"]),
        ("words", "我爱 LSTM。", ["我", "爱", "lstm", "。"]),
        ("words", " \t ", []),
    ],
)
def test_a_tokenizer_cuts_as_documented(name, raw, tokens):
    assert find_tokenizer(name)(raw) == tokens


def test_an_unknown_tokenizer_is_answered_with_near_misses():
    with pytest.raises(UnknownName, match="did you mean words"):
        find_tokenizer("word")


def test_a_codec_names_no_code_to_import():
    for name in ("os:system", "os.system", "builtins:eval"):
        with pytest.raises(UnknownName):
            TextCodec(text.SPECIALS, tokenizer=name)


def test_a_registered_tokenizer_can_be_named_and_not_replaced(monkeypatch):
    monkeypatch.setattr(text, "_TOKENIZERS", dict(text._TOKENIZERS))
    register_tokenizer("letters", list)
    assert TextCodec([*text.SPECIALS, "a", "b"], tokenizer="letters").encode(["ab"]).inputs.tolist() == [[2, 3]]
    with pytest.raises(ValueError, match="already"):
        register_tokenizer("words", list)


def test_words_are_ordered_by_count_then_alphabet_whatever_order_they_came_in():
    counted = {"b": 2, "a": 2, "d": 3, "c": 1, "[PAD]": 9}
    for order in itertools.permutations(counted):
        counts = Counter({word: counted[word] for word in order})
        assert build_vocabulary(counts) == ["[PAD]", "[UNK]", "d", "a", "b", "c"]
        assert build_vocabulary(counts, size=2) == ["[PAD]", "[UNK]", "d", "a"]
        assert build_vocabulary(counts, minimum_count=2) == ["[PAD]", "[UNK]", "d", "a", "b"]


VOCABULARY = ["[PAD]", "[UNK]", "a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("settings", "inputs", "lengths"),
    [
        ({}, [[2, 3, 4, 5], [2, 1, 0, 0]], [4, 2]),
        ({"max_length": 3}, [[2, 3, 4], [2, 1, 0]], [3, 2]),
        ({"max_length": 3, "keep": "last"}, [[3, 4, 5], [2, 1, 0]], [3, 2]),
        ({"max_length": 3, "padding": "pre"}, [[2, 3, 4], [0, 2, 1]], [3, 3]),
        ({"max_length": 5, "padding": "pre"}, [[0, 2, 3, 4, 5], [0, 0, 0, 2, 1]], [5, 5]),
    ],
)
def test_texts_are_cut_and_padded_as_set(settings, inputs, lengths):
    codec = TextCodec(VOCABULARY, **settings)
    batch = codec.encode(["a b c d", "A zebra"])
    assert batch.inputs.tolist() == inputs
    assert batch.lengths.tolist() == lengths
    state = codec.state()
    rebuilt = CODECS.create(state.pop("codec"), **state)
    assert rebuilt.encode(["a b c d", "A zebra"]).inputs.equal(batch.inputs)
    assert rebuilt.decode([2, 1, 0]) == ["a", "[UNK]"]


def test_a_text_without_tokens_is_one_unknown_word_and_the_words_of_padding_are_too():
    codec = TextCodec(VOCABULARY, tokenizer="basic_english")
    assert codec.encode(['"']).inputs.tolist() == [[text.UNK]]
    assert TextCodec([*VOCABULARY[:2], "[pad]"], tokenizer="split").encode(["[PAD]"]).inputs.tolist() == [[2]]
    assert TextCodec(VOCABULARY, tokenizer="split").encode(["[PAD]"]).inputs.tolist() == [[text.UNK]]


@pytest.mark.parametrize(
    ("raw", "error", "message"),
    [
        ([], ValueError, "at least one text"),
        ("a b", ValueError, "a list of at least one text"),
        (["a", ""], ValueError, "text 1 is empty"),
        (["a", " \n"], ValueError, "text 1 is empty"),
        (["a", None], TypeError, "text 1 is a NoneType"),
    ],
)
def test_what_is_no_text_is_refused_with_its_place(raw, error, message):
    with pytest.raises(error, match=message):
        TextCodec(VOCABULARY).encode(raw)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"vocabulary": ["a", "b"]}, r"expected \['\[PAD\]'"),
        ({"max_length": 0}, "max_length is 0"),
        ({"keep": "middle"}, "keep is 'middle'"),
        ({"padding": "left"}, "padding is 'left'"),
        ({"padding": "pre"}, "without a max_length"),
    ],
)
def test_settings_that_no_codec_has_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        TextCodec(**{"vocabulary": VOCABULARY, **settings})
