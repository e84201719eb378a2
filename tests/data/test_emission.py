"""A text for a class: rows, codec and the two datasets, from small files of the official layouts."""

import gzip
import hashlib
import json

import pytest
import torch

from rnnzoo.data import _names_files, _poem_files
from rnnzoo.data._batches import FILLER
from rnnzoo.data._emission import EmissionCodec, EmissionRows
from rnnzoo.data._files import DamagedFile, MissingData
from rnnzoo.data._segmenters import BEGIN, END, build_segmenter
from rnnzoo.data.names import Names
from rnnzoo.data.names_by_language import NamesByLanguage
from rnnzoo.data.poems import Poems
from rnnzoo.data.poems_text import PoemsText
from rnnzoo.registry import CODECS, UnknownName

POEMS = {
    0: [
        {"author": "a", "rhythmic": "短调", "paragraphs": ["春山好，", "人看 山。\n"]},
        {"author": "b", "rhythmic": "短调", "paragraphs": ["春水好，人看水。", ""], "tags": ["x"]},
        {"author": "b", "rhythmic": "短调", "paragraphs": ["春水好，人看水。"]},
        {"author": "c", "rhythmic": "孤调", "paragraphs": ["独。"]},
    ],
    1000: [
        {"author": "d", "rhythmic": "长调", "paragraphs": ["𠺕□？", "…"]},
        {"author": "e", "rhythmic": "长调", "paragraphs": [f"{n}" for n in range(3)]},
        {"author": "f", "rhythmic": "空调", "paragraphs": [" "]},
    ],
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    def write(poems=POEMS, packed=True):
        digests = {}
        for number, records in poems.items():
            content = json.dumps(records, ensure_ascii=False).encode()
            digests[number] = hashlib.sha256(content).hexdigest()
            path = tmp_path / f"ci.song.{number}.json"
            path.write_bytes(content)
            if packed:
                path.unlink()
                path.with_name(path.name + ".gz").write_bytes(gzip.compress(content))
        monkeypatch.setattr(_poem_files, "SHA256", digests)
        return str(tmp_path)

    return write


def read(path, **settings):
    return Poems(**{"dir": path, "minimum_poems": 2, "validation": 0.2, "test": 0.2, **settings}).read()


@pytest.mark.parametrize("packed", [False, True])
def test_a_poem_is_its_tunes_name_and_its_lines_without_white_space(folder, packed):
    raw = read(folder(packed=packed))
    assert raw.classes == ["短调", "长调"]
    rows = sorted((raw.classes[c], text) for part in raw.splits.values() for c, text in zip(*part, strict=True))
    expected = [
        ("短调", "春山好， 人看山。"),
        *[("短调", "春水好，人看水。")] * 2,
        ("长调", "0 1 2"),
        ("长调", "𠺕□？ …"),
    ]
    assert rows == sorted(expected)


@pytest.mark.parametrize("seed", range(3))
def test_poems_that_are_the_same_are_in_the_same_split(folder, seed):
    parts = {split: set(part.texts) for split, part in read(folder(), split_seed=seed).splits.items()}
    assert sum(map(len, parts.values())) == len(set.union(*parts.values())) == 4


def test_tunes_of_few_poems_are_left_out_and_too_high_a_bar_is_told(folder):
    path = folder()
    assert read(path, minimum_poems=1).classes == ["短调", "长调", "孤调"]
    with pytest.raises(ValueError, match="minimum_poems is 4, and no tune has more than 3 poems"):
        read(path, minimum_poems=4)


def test_a_damaged_file_is_named(folder, tmp_path):
    path = folder()
    packed = tmp_path / "ci.song.1000.json.gz"
    whole = packed.read_bytes()
    packed.write_bytes(whole[:-9])
    with pytest.raises(DamagedFile, match=r"ci\.song\.1000\.json\.gz cannot be unpacked"):
        read(path)
    packed.write_bytes(gzip.compress(b"[]"))
    with pytest.raises(DamagedFile, match=r"ci\.song\.1000\.json\.gz has, unpacked, the SHA-256"):
        read(path)
    with pytest.raises(DamagedFile, match=r"ci\.song\.0\.json, poem 2: expected the tune's name"):
        read(folder({0: [POEMS[0][0], {"rhythmic": "短调", "paragraphs": "春"}]}, packed=False))


def test_missing_poems_name_the_official_source(tmp_path):
    with pytest.raises(MissingData, match=r"raw\.githubusercontent\.com/chinese-poetry/.*/ci\.song\.0\.json"):
        Poems(dir=str(tmp_path), download=False).read()


TEXTS = ["春山好， 人看山。", "O'Neill-Šmíd", "مرحبا", "e\u0301 x", "👩‍🚀!", ""]


@pytest.mark.parametrize("text", TEXTS)
def test_every_text_comes_back_from_its_tokens(text):
    codec = EmissionCodec(["a", "b"], build_segmenter("characters", TEXTS).state())
    batch = codec.encode(["b"], [text])
    assert codec.decode_target(batch.targets[0].tolist()) == text
    assert batch.source.tolist() == [1]
    assert batch.targets[0, -1] == END
    assert batch.inputs[0].tolist() == [BEGIN, *batch.targets[0, :-1].tolist()]
    poem = EmissionCodec(["a"], codec.target.state(), lines=True)
    assert poem.decode_target(batch.targets[0].tolist()) == text.replace(" ", "\n")


def test_a_class_that_is_none_is_answered_with_near_misses():
    codec = EmissionCodec(["Russian", "Greek"], build_segmenter("characters", ["x"]).state())
    with pytest.raises(UnknownName, match="did you mean Russian"):
        codec.encode(["Greek", "Rusian"])
    with pytest.raises(ValueError, match="expected a list of at least one class"):
        codec.encode("Greek")
    with pytest.raises(ValueError, match="there are 1 classes and 2 texts"):
        codec.encode(["Greek"], ["a", "b"])


@pytest.mark.parametrize("sources", [torch.tensor([4, 5, 6]), torch.rand(3, 2)])
def test_a_source_is_one_step_and_a_filler_weighs_nothing(sources):
    rows = EmissionRows(sources, torch.tensor([7, 8, 9]), [2, 0, 1])
    batch = rows[[2, FILLER, 0]]
    assert torch.equal(batch.source[[0, 2]], sources[[2, 0]])
    assert batch.source[1].eq(0).all()
    assert batch.source_lengths.tolist() == [1, 1, 1]
    assert batch.weights.tolist() == [[1, 1, 0], [0, 0, 0], [1, 1, 1]]
    assert batch.targets[2].tolist() == [7, 8, END]


def test_names_by_language_are_the_names_the_same_way_round_in_the_same_split(tmp_path, monkeypatch):
    for language in ("Greek", "Irish"):
        (tmp_path / f"{language}.txt").write_text("".join(f"{language[0]}{n}\n" for n in range(8)) * 2)
    monkeypatch.setattr(_names_files, "LANGUAGES", dict.fromkeys(("Greek", "Irish"), ""))
    for module in ("names", "names_by_language"):
        monkeypatch.setattr(f"rnnzoo.data.{module}.LANGUAGES", _names_files.LANGUAGES)
    for settings in ({}, {"repeats": True, "split_seed": 3}):
        one, other = (cls(dir=str(tmp_path), **settings) for cls in (Names, NamesByLanguage))
        labelled, emitted = one.read(), other.read()
        assert labelled.labels == emitted.classes
        for split, part in emitted.splits.items():
            assert part.texts == labelled.splits[split].texts
            assert part.classes == labelled.splits[split].labels
        state = other.codec_state()
        codec = CODECS.create(state.pop("codec"), **state)
        for row, text in enumerate(emitted.splits["train"].texts):
            assert codec.decode_target(other.splits["train"][[row]].targets[0].tolist()) == text


@pytest.mark.data
def test_the_real_poems_are_all_there(data_dir):
    whole = Poems(dir=str(data_dir), minimum_poems=1).read()
    assert sum(len(part.texts) for part in whole.splits.values()) == 21_050
    assert len(whole.classes) == 1_421
    data = Poems(dir=str(data_dir))
    raw = data.read()
    counts = [sum(part.classes.count(c) for part in raw.splits.values()) for c in range(3)]
    assert raw.classes[:3] == ["浣溪沙", "水调歌头", "鹧鸪天"]
    assert counts == [775, 743, 657]
    assert data.spec["input_size"] == 50
    rows = {split: set(part.texts) for split, part in raw.splits.items()}
    assert not rows["train"] & rows["test"]


def test_running_text_is_every_poem_under_its_tune_with_a_line_between(folder):
    path = folder()
    for titles in (True, False):
        data = PoemsText(dir=path, titles=titles, validation=0.2, test=0.2, minimum_count=1)
        texts = data.read()
        found = [poem for text in texts.values() for poem in text.split("\n\n") if poem]
        expected = [
            "\n".join([record["rhythmic"]] * titles + ["".join(line.split()) for line in record["paragraphs"] if line])
            for records in POEMS.values()
            for record in records
            if record["rhythmic"] != "空调"
        ]
        assert sorted(found) == sorted(expected)
        assert not set(texts["train"].split("\n\n")) & set(texts["test"].split("\n\n")) - {""}
    state = data.codec_state()
    codec = CODECS.create(state.pop("codec"), **state)
    assert "".join(codec.decode(data.splits["train"].tolist())) == texts["train"]


@pytest.mark.data
def test_the_running_text_of_the_real_poems_is_all_of_them(data_dir):
    texts = PoemsText(dir=str(data_dir)).read()
    assert sum(text.count("\n\n") for text in texts.values()) == 21_050
