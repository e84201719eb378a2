"""The codec of a fixed alphabet: symbols of one character or of several, in and out."""

import pytest

from rnnzoo.data._drawn import SymbolsCodec

LETTERS = SymbolsCodec("abc?", "ab?")
WORDS = SymbolsCodec(["k0", "k1", "v0"], "k0 v0")


@pytest.mark.parametrize(
    ("codec", "item", "ids"),
    [(LETTERS, "ca?", [2, 0, 3]), (LETTERS, ["b"], [1]), (WORDS, "k1  v0 k1", [1, 2, 1]), (WORDS, ["v0"], [2])],
    ids=["letters", "list of letters", "words", "list of words"],
)
def test_symbols_go_in_and_come_out(codec, item, ids):
    batch = codec.encode([item])
    assert batch.inputs.tolist() == [ids]
    assert batch.lengths.tolist() == [len(ids)]
    assert codec.decode(ids) == (item if isinstance(item, list) else item.split() if codec is WORDS else list(item))


def test_rows_of_different_length_are_padded():
    assert LETTERS.encode(["a", "bcb"]).lengths.tolist() == [1, 3]


@pytest.mark.parametrize("item", ["", "abX?", "a b?", [], ["a", "zz"], 3, None])
def test_what_is_no_sequence_is_refused_with_its_place(item):
    with pytest.raises(ValueError, match=r"item 1 is .*; expected a string of the symbols a b c \?, such as 'ab\?'"):
        LETTERS.encode(["ab?", item])


def test_nothing_to_encode_is_refused():
    with pytest.raises(ValueError, match="no sequence to encode; expected at least one, such as 'k0 v0'"):
        WORDS.encode([])
