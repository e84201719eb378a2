"""Tagged sentences from files to batches: against the codec and per-word loops; repairs counted; odd sentences."""

import itertools
import logging

import pytest
import torch

from rnnzoo.data import _tagging
from rnnzoo.data._batches import FILLER
from rnnzoo.data.conll_columns import ConllColumns
from rnnzoo.data.snips import Snips
from rnnzoo.registry import CODECS, UnknownName
from rnnzoo.tag_schemes import convert

SENTENCES = [
    [("我", "B-x"), ("去", "O"), ("郑", "B-y"), ("州", "I-y")],
    [("👩\u200d🚀", "B-x"), ("ne\u0301e", "I-x"), ("שָׁלוֹם", "B-x"), ("\u3000", "O")],
    [("Word", "O")],
    [("word", "B-y"), ("Aaa12", "I-y"), ("Aaa34", "O")],
    [("[PAD]", "O"), ("[UNK]", "B-x")],
]


def write(path, sentences):
    content = "\n\n".join("\n".join("\t".join(step) for step in each) for each in sentences)
    path.write_text(content + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def paths(tmp_path):
    return {
        "path": write(tmp_path / "train", SENTENCES * 2),
        "validation_path": write(tmp_path / "dev", SENTENCES[:2]),
        "test_path": write(tmp_path / "test", [*SENTENCES[1:], [("new", "B-y")]]),
    }


def words_and_tags(data, split):
    """The sentences of a split as its batches have them."""
    part, labels = data.splits[split], data.spec["labels"]
    state = data.codec_state()
    codec = CODECS.create(state.pop("codec"), **state)
    for row in range(len(part)):
        batch = part[[row]]
        inputs = batch.inputs["words"] if isinstance(batch.inputs, dict) else batch.inputs
        yield codec.decode(inputs[0].tolist()), [labels[tag] for tag in batch.targets[0]]


def test_any_script_and_its_tags_survive_the_way_through_file_cache_and_batches(paths):
    for _ in range(2):  # the second time from the cache
        data = ConllColumns(scheme="IOB2", **paths)
        found = list(words_and_tags(data, "train"))
        assert found[0] == (["我", "去", "郑", "州"], ["B-x", "O", "B-y", "I-y"])
        assert found[:4] == [tuple(map(list, zip(*each, strict=True))) for each in SENTENCES[:4]]
        assert found[4] == (["[UNK]", "[UNK]"], ["O", "B-x"])  # no word is mistaken for padding
        assert list(words_and_tags(data, "test"))[-1] == (["[UNK]"], ["B-y"])


@pytest.mark.parametrize("settings", [{}, {"lower": True, "digits": True}, {"characters": 3}, {"minimum_count": 3}])
def test_every_row_is_what_the_codec_makes_of_its_words(paths, settings):
    data = ConllColumns(scheme="IOB2", **paths, **settings)
    state = data.codec_state()
    codec = CODECS.create(state.pop("codec"), **state)
    for split, sentences in data.read().items():
        for row, sentence in enumerate(sentences[1:], start=1):
            if all(map(str.strip, sentence.words)):
                made, expected = data.splits[split][[row]], codec.encode([sentence.words])
                assert torch.equal(made.lengths, expected.lengths)
                assert torch.equal(made.weights, expected.weights)
                if isinstance(made.inputs, dict):
                    assert all(torch.equal(made.inputs[key], expected.inputs[key]) for key in made.inputs)
                else:
                    assert torch.equal(made.inputs, expected.inputs)


@pytest.mark.parametrize("learn", ["IOB1", "IOB2", "BIOES", "BMES"])
def test_tags_are_learned_in_the_scheme_that_is_asked_for(paths, learn):
    data = ConllColumns(scheme="IOB2", learn=learn, **paths)
    assert data.spec["scheme"] == learn
    for (_, tags), sentence in zip(words_and_tags(data, "train"), data.read()["train"], strict=True):
        assert tags == convert(sentence.tags, "IOB2", learn)


def test_plain_classes_are_labels_as_they_are(tmp_path):
    path = write(tmp_path / "pos", [[("a", "DET"), ("cat", "NOUN"), ("I-sat", "I-x")]] * 10)
    spec = ConllColumns(path, "none").spec
    assert (spec["scheme"], spec["labels"]) == ("none", ["DET", "I-x", "NOUN"])


def test_illegal_tags_are_repaired_counted_and_told_once_or_refused_with_their_line(tmp_path, caplog):
    bad = [[("a", "O"), ("b", "I-x"), ("c", "I-y")], [("d", "I-x")], [("e", "B-x"), ("f", "I-x")]]
    paths = {"path": write(tmp_path / "a", bad), "validation_path": write(tmp_path / "b", bad[2:])}
    with caplog.at_level(logging.WARNING, _tagging.__name__):
        data = ConllColumns(scheme="IOB2", test_path=paths["path"], **paths)
        assert [tags for _, tags in words_and_tags(data, "train")] == [["O", "B-x", "B-y"], ["B-x"], ["B-x", "I-x"]]
    assert data.repaired == {"train": 3, "validation": 0, "test": 3}
    assert len(caplog.messages) == 1
    assert "3 of train, 3 of test; repaired" in caplog.messages[0]
    with pytest.raises(ValueError, match=r"a, line 2: I-x of 'b', behind O, is not legal in IOB2; correct it, or set"):
        _ = ConllColumns(scheme="IOB2", illegal="refuse", test_path=paths["path"], **paths).spec
    path = write(tmp_path / "c", bad[:2])  # legal in IOB1
    data = ConllColumns(path, "IOB1", learn="IOB2", illegal="refuse", validation_path=path, test_path=path)
    assert not any(data.repaired.values())


def test_tags_that_no_training_sentence_has_are_labels_and_told(tmp_path, caplog):
    train = write(tmp_path / "a", [[("a", "B-x")]])
    test = write(tmp_path / "b", [[("a", "B-x"), ("b", "B-z"), ("c", "O")]])
    data = ConllColumns(train, "IOB2", validation_path=train, test_path=test)
    assert data.spec["labels"] == ["O", "B-x", "I-x", "B-z", "I-z"]
    assert any("in no training sentence, and so never predicted: z" in message for message in caplog.messages)


def test_a_sentence_of_ten_thousand_steps_is_taken_or_refused_with_its_line(tmp_path):
    path = write(tmp_path / "a", [[("a", "O")], [("b", "O"), ("c", "B-x")] * 5000, [("d", "O")]])
    data = ConllColumns(path, "IOB2", validation_path=path, test_path=path)
    assert data.splits["train"][[0, 1]].inputs.shape == (2, 10_000)
    with pytest.raises(ValueError, match=r"a, line 3: a sentence of 10000 steps, and max_length is 9999; divide it"):
        _ = ConllColumns(path, "IOB2", max_length=9999).spec


@pytest.mark.parametrize("sizes", [(1, 4), (7, 3), (12,)])
def test_batches_of_characters_and_intents_are_those_of_a_loop_over_words(sizes):
    data = Snips.tiny()
    part = data.splits["train"]
    for begin, size in itertools.product((0, 3), sizes):
        rows = [*range(begin, min(begin + size, len(part))), FILLER]
        batch = part[rows]
        width = batch.inputs["characters"].shape[2]
        for i, row in enumerate(rows):
            if row == FILLER:
                assert not batch.weights[i].any()
                assert not batch.targets["intent"][i]
                assert not batch.targets["tags"][i].any()
                assert not batch.inputs["characters"][i].any()
                continue
            steps = part.values[part.begins[row] : part.begins[row] + part.lengths[row]]
            assert batch.targets["intent"][i] == part.intents[row]
            for step, word in enumerate(steps):
                assert batch.inputs["words"][i, step] == part.tokens[word]
                assert batch.inputs["characters"][i, step].tolist() == part.characters[word].tolist()[:width]
            assert batch.weights[i].sum() == len(steps)


def test_the_second_time_nothing_is_read_and_a_changed_file_or_setting_is(paths, monkeypatch):
    calls = []
    read = ConllColumns.read
    monkeypatch.setattr(ConllColumns, "read", lambda self: calls.append(1) or read(self))
    versions = [ConllColumns(scheme="IOB2", **paths, **more).data_version for more in ({}, {}, {"learn": "BIOES"})]
    assert calls == [1, 1]
    assert versions[0] == versions[1] != versions[2]
    with open(paths["path"], "a", encoding="utf-8") as file:
        file.write("\nx\tB-x\n")
    assert ConllColumns(scheme="IOB2", **paths).data_version != versions[0]
    assert len(calls) == 3


def test_shares_of_one_file_lose_and_repeat_nothing(tmp_path):
    path = write(tmp_path / "a", [[(f"w{i}", "O"), (f"v{i}", "B-x")] for i in range(20)])
    parts = ConllColumns(path, "IOB2", validation=0.2, test=0.3).read()
    assert [len(part) for part in parts.values()] == [10, 4, 6]
    assert sorted(each.words[0] for part in parts.values() for each in part) == sorted(f"w{i}" for i in range(20))


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"scheme": "IOB"}, UnknownName, "IOB1"),
        ({"scheme": "IOB2", "learn": "BILOU"}, UnknownName, "BILOU"),
        ({"scheme": "IOB2", "illegal": "ignore"}, UnknownName, "repair"),
        ({"scheme": "IOB2", "tokenizer": "word"}, UnknownName, "words"),
        ({"scheme": "none", "learn": "IOB2"}, ValueError, "expected both to mark spans, or neither"),
        ({"scheme": "IOB2", "minimum_count": 0}, ValueError, "minimum_count is 0; expected at least 1"),
        ({"scheme": "IOB2", "max_length": 0}, ValueError, "max_length is 0; expected at least 1, or None"),
        ({"scheme": "IOB2", "characters": -1}, ValueError, "characters is -1"),
    ],
)
def test_settings_that_fit_nothing_are_refused(settings, error, message):
    with pytest.raises(error, match=message):
        ConllColumns("a", **settings)
