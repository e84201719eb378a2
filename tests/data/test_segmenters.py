"""Texts of any script come back from their tokens; vocabularies by hand; what does not fit is refused."""

import json

import pytest

from rnnzoo.data._pair_codec import PairCodec
from rnnzoo.data._segmenters import BEGIN, END, PAD, SPACE, SPECIALS, UNK, Segmenter, build_segmenter
from rnnzoo.registry import UnknownName

TEXTS = [
    "Two young, White males are outside near many bushes.",
    "L’homme n'a pas d'idée : « quoi ? »",
    "他在学习机器学习。很 好！",
    "café naïve",
    "היא קוראת ספר، وهو يكتب 12٫5",
    "हिन्दी में लिखा",
    "👩‍👩‍👧 🇫🇷 ok 👍🏽!",
    "a_b--c (d) [PAD] <0x41> [END]",
]
STRANGE = "Ωmega ß ☃ 龘 \U0001f9ff"


@pytest.mark.parametrize("tokenizer", ["words", "characters", "bpe"])
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_of_any_script_comes_back_from_its_tokens(tokenizer, text):
    one = build_segmenter(tokenizer, TEXTS, size=700)
    assert one.text(one.ids(text)) == text
    assert UNK not in one.ids(text)


def test_white_space_becomes_single_spaces_and_letters_lower_where_asked():
    one = build_segmenter("words", TEXTS, lower=True)
    assert one.text(one.ids("\t Two  YOUNG,\u3000white\n")) == "two young, white"


def test_sub_words_spell_what_they_never_saw_in_bytes_and_others_say_unknown():
    bpe, words, characters = (build_segmenter(name, TEXTS, size=700) for name in ("bpe", "words", "characters"))
    assert bpe.text(bpe.ids(STRANGE)) == STRANGE
    assert words.text(words.ids("many snowmen.")) == "many [UNK]."
    assert characters.text(characters.ids("ab☃")) == "ab[UNK]"
    assert bpe.text([*bpe.ids("é☃")[:-1]]).endswith("\ufffd"), "half a character"


def test_tokens_by_hand():
    one = build_segmenter("words", ["the cat, the dog", "the 猫 cat"])
    assert one.vocabulary == [*SPECIALS, "▁the", "▁cat", ",", "▁dog", "▁猫"]
    assert one.tokens(one.ids("the cat, a")) == ["the", "cat", ",", "[UNK]"]
    letters = build_segmenter("characters", ["ba b"])
    assert letters.vocabulary == [*SPECIALS, "b", "a", SPACE]
    assert letters.tokens(letters.ids("a b")) == ["a", SPACE, "b"]


def test_byte_pairs_are_merged_by_falling_count():
    """Of "ab" 3 times and "cd" twice, "▁a" of 3 comes first, then what it makes with b."""
    one = build_segmenter("bpe", ["ab ab ab cd cd"], size=4 + 256 + 5 + 3)
    assert one.merges[0] in ("a b", f"{SPACE} a")
    assert one.tokens(one.ids("ab"))[-1] == "ab"
    assert len(one.vocabulary) == 4 + 256 + 5 + 3


def test_byte_pairs_join_chinese_words_but_never_over_punctuation_or_spaces():
    one = build_segmenter("bpe", ["机器学习，机器学习 machine learning"] * 5, size=600, minimum_count=2)
    assert one.tokens(one.ids("机器学习，机器学习 machine learning")) == [
        "机器学习", "，", "机器学习", "machine", "learning",
    ]  # fmt: skip


def test_text_ends_at_the_end_token_and_leaves_padding_out():
    one = build_segmenter("characters", ["abc"])
    a, b, c = one.ids("abc")
    assert one.text([BEGIN, a, PAD, b, END, c, c]) == "ab"
    assert one.text([END]) == ""


@pytest.mark.parametrize("tokenizer", ["words", "characters", "bpe"])
def test_a_codec_is_rebuilt_from_primitives_and_encodes_the_same(tokenizer):
    source, target = (build_segmenter(tokenizer, part, size=700) for part in (TEXTS[:5], TEXTS[3:]))
    first = PairCodec(source.state(), target.state())
    state = json.loads(json.dumps(first.state()))
    assert state.pop("codec") == "pair"
    again = PairCodec(**state)
    assert again.encode(TEXTS).source.tolist() == first.encode(TEXTS).source.tolist()
    assert again.encode_target(TEXTS) == first.encode_target(TEXTS) != [source.ids(text) for text in TEXTS]


def test_the_codec_encodes_sources_with_or_without_targets():
    one = build_segmenter("characters", ["abc"])
    codec = PairCodec(one.state())
    assert codec.target is codec.source
    a, b, c = one.ids("abc")
    alone, both = codec.encode(["ab", "c"]), codec.encode(["ab", "c"], ["c", ""])
    assert alone.source.tolist() == both.source.tolist() == [[a, b], [c, PAD]]
    assert alone.targets.tolist() == [[END], [END]]
    assert both.targets.tolist() == [[c, END], [END, PAD]]
    assert codec.decode_target(both.targets[0]) == "c"
    assert codec.target_tokens(both.targets[0].tolist()) == ["c", "[END]"]
    assert codec.source_tokens("ab") == codec.decode([a, b, PAD]) == ["a", "b"]


def test_raw_input_that_is_none_is_refused_with_its_place():
    codec = PairCodec(build_segmenter("words", ["a b"]).state())
    with pytest.raises(ValueError, match="expected a list of at least one text, got 'a'"):
        codec.encode("a")
    with pytest.raises(ValueError, match="text 1 is empty; expected at least one word"):
        codec.encode(["a", " \n"])
    with pytest.raises(TypeError, match="text 0 is a int; expected a string"):
        codec.encode([3])
    with pytest.raises(ValueError, match="1 sources and 2 targets"):
        codec.encode(["a"], ["b", "b"])


def test_settings_that_no_segmenter_has_are_refused():
    with pytest.raises(UnknownName, match="unknown tokenizer 'bpf'; did you mean bpe"):
        build_segmenter("bpf", TEXTS)
    with pytest.raises(ValueError, match="bpe vocabulary of None has no room: 4 specials, 256 bytes and 3 characters"):
        build_segmenter("bpe", ["ab"])
    with pytest.raises(ValueError, match="vocabulary of 4 has no room for words"):
        build_segmenter("words", ["ab"], size=4)
    with pytest.raises(ValueError, match=r"vocabulary begins with \['a'\]"):
        Segmenter("words", ["a"])
    with pytest.raises(ValueError, match="token 'a' more than once"):
        Segmenter("words", [*SPECIALS, "a", "b", "a"])
    bpe = build_segmenter("bpe", ["ab ab"], size=270).state()
    with pytest.raises(ValueError, match="the merge 'x y' does not fit the vocabulary"):
        Segmenter(**{**bpe, "merges": [*bpe["merges"], "x y"]})
