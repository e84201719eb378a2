"""Multi30k and Tatoeba: their formats in small, splits that share nothing, and the real files where they are."""

import gzip
import hashlib
import zipfile
from collections import Counter

import pytest

from rnnzoo.data import multi30k
from rnnzoo.data._apart import bare, draw_apart
from rnnzoo.data._files import DamagedFile, MissingData
from rnnzoo.data.multi30k import Multi30k
from rnnzoo.data.tatoeba import Tatoeba
from rnnzoo.registry import UnknownName

SHARES = {"validation": 0.1, "test": 0.1}
SENTENCES = [
    (f"{who} {what}{end}", f"{wer}{was}{ende}")
    for who, wer in (("I", "我"), ("You", "你"), ("Tom", "汤姆"), ("We", "我们"), ("She", "她"), ("Mary", "玛丽"))
    for what, was in (("run", "跑"), ("sing", "唱歌"), ("sleep", "睡觉"), ("read", "看书"), ("come", "来"))
    for end, ende in ((".", "。"), ("!", "！"))
]


def tatoeba_file(folder, form):
    text = "".join(f"{a}\t{b}\tCC-BY 2.0 (France)\n" for a, b in SENTENCES)
    if form == "cmn-eng.zip":
        with zipfile.ZipFile(folder / form, "w") as archive:
            archive.writestr("cmn.txt", text)
            archive.writestr("_about.txt", "about")
    else:
        (folder / form).write_bytes(gzip.compress(text.encode()) if form.endswith(".gz") else text.encode())


@pytest.mark.parametrize("form", ["cmn.txt", "cmn.txt.gz", "cmn-eng.zip"])
def test_tatoeba_is_read_from_every_form_in_both_directions(tmp_path, form):
    tatoeba_file(tmp_path, form)
    settings = {"dir": str(tmp_path), "tokenizer": "characters", "validation": 0.1, "test": 0.1, "lower": False}
    there, back = Tatoeba(**settings).texts(), Tatoeba("eng", "cmn", **settings).texts()
    assert sorted((t, s) for part in there.values() for s, t in zip(*part, strict=True)) == sorted(SENTENCES)
    assert all(tuple(reversed(there[split])) == back[split] for split in there)


def test_no_split_of_tatoeba_has_a_sentence_of_another_even_if_punctuation_differs(tmp_path):
    tatoeba_file(tmp_path, "cmn.txt")
    parts = Tatoeba(dir=str(tmp_path), validation=0.1, test=0.1).texts()
    for side in (0, 1):
        seen = Counter(text for part in parts.values() for text in {bare(text) for text in part[side]})
        assert set(seen.values()) == {1}
    assert {split: len(part.sources) for split, part in parts.items()} == {"train": 48, "validation": 6, "test": 6}


def test_rows_that_hang_together_by_either_side_stay_together():
    english, other = list("aabbcdefghijklmnopqrst"), list("uvvwxyzABCDEFGHIJKLMNO")  # the first four are one chain
    for seed in range(5):
        found = draw_apart(english, other, SHARES, seed)
        assert sorted(row for rows in found.values() for row in rows) == list(range(len(english)))
        assert any({0, 1, 2, 3} <= set(rows) for rows in found.values())
    assert found != draw_apart(english, other, SHARES, 0)
    with pytest.raises(ValueError, match="hang together too closely to draw validation"):
        draw_apart(["a"] * 9, list("bcdefghij"), SHARES, 0)


def test_what_two_sentences_have_in_common_leaves_case_and_punctuation_out():
    assert bare("It's OK, Tom!") == bare("its ok tom") == "itsoktom"
    assert bare("他来了。") == "他来了"
    assert bare("?!") == "?!"


def test_pairs_to_train_on_may_be_added(tmp_path):
    tatoeba_file(tmp_path, "cmn.txt")
    added = [["机器学习", "machine learning"]] * 2
    data = Tatoeba(dir=str(tmp_path), validation=0.1, test=0.1, training_pairs=added, tokenizer="characters")
    assert len(data.splits["train"]) == 48 + 2
    assert data._codec().decode_target(data.splits["train"][[49]].targets[0].tolist()) == "machine learning"


def multi30k_files(folder, monkeypatch):
    """A made-up edition in the official format, whose counts and checksums are taken for the official ones."""
    counts, sums = {"train": 6, "validation": 2, "test": 2}, {}
    for split, count in counts.items():
        for language in ("de", "en", "fr"):
            name = f"{multi30k.FILES[split]}.{language}.gz"
            lines = "".join(f"{split} {language} Satz {n}\n" for n in range(count))
            content = gzip.compress(lines.encode(), mtime=0)
            (folder / name).write_bytes(content)
            sums[name] = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(multi30k, "SENTENCES", counts)
    monkeypatch.setattr(multi30k, "SHA256", sums)


@pytest.mark.parametrize(("source", "target"), [("de", "en"), ("en", "fr"), ("fr", "de")])
def test_multi30k_is_parallel_in_any_direction(tmp_path, monkeypatch, source, target):
    multi30k_files(tmp_path, monkeypatch)
    for split, part in Multi30k(source, target, dir=str(tmp_path)).texts().items():
        count = multi30k.SENTENCES[split]
        assert part.sources == [f"{split} {source} Satz {n}" for n in range(count)]
        assert part.targets == [f"{split} {target} Satz {n}" for n in range(count)]


def test_damaged_captions_are_told_with_their_file(tmp_path, monkeypatch):
    multi30k_files(tmp_path, monkeypatch)
    data = Multi30k(dir=str(tmp_path))
    whole = (tmp_path / "val.de.gz").read_bytes()
    (tmp_path / "val.de.gz").write_bytes(whole[:-4])
    with pytest.raises(DamagedFile, match=r"val\.de\.gz .* has SHA-256"):
        data.texts()
    (tmp_path / "val.de.gz").unlink()
    (tmp_path / "val.de").write_text("one line\n")
    with pytest.raises(DamagedFile, match=r"val\.de has 1 lines, expected 2"):
        data.texts()
    (tmp_path / "val.de").unlink()
    with pytest.raises(MissingData, match=r"(?s)no val\.de\.gz or val\.de in .*raw\.githubusercontent\.com"):
        Multi30k(dir=str(tmp_path), download=False).texts()


def test_what_is_no_file_of_tatoeba_is_refused_with_its_line(tmp_path):
    with pytest.raises(MissingData, match=r"(?s)no cmn\.txt\.gz or .* cmn-eng\.zip .*\.org/anki/cmn"):
        Tatoeba(dir=str(tmp_path)).texts()
    (tmp_path / "cmn.txt").write_text("Hi.\t嗨。\nno tab\n")
    with pytest.raises(DamagedFile, match=r"cmn\.txt, line 2: 'no tab'; expected English, a tab, its translation"):
        Tatoeba(dir=str(tmp_path)).texts()
    (tmp_path / "cmn.txt").unlink()
    (tmp_path / "cmn-eng.zip").write_bytes(b"PK")
    with pytest.raises(DamagedFile, match=r"cmn-eng\.zip cannot be read"):
        Tatoeba(dir=str(tmp_path)).texts()


def test_directions_that_are_none_are_refused():
    with pytest.raises(UnknownName, match="unknown language 'cs'"):
        Multi30k("cs", "en")
    with pytest.raises(ValueError, match="source and target are both 'de'"):
        Multi30k("de", "de")
    with pytest.raises(ValueError, match="expected one 'eng', the other cmn or fra"):
        Tatoeba("cmn", "fra")
    with pytest.raises(ValueError, match=r"training_pairs has \['a'\]; expected a source and a target"):
        Tatoeba(training_pairs=[["a"]])
    with pytest.raises(ValueError, match=r"test is 1\.5; expected a share"):
        Tatoeba(test=1.5)


@pytest.mark.data
def test_the_real_captions_are_all_there_and_the_reference_is_not_changed_by_its_tokens(data_dir):
    data = Multi30k(dir=str(data_dir / "multi30k"), vocabulary_size=1000)
    assert {split: len(part) for split, part in data.splits.items()} == multi30k.SENTENCES
    codec, test = data._codec(), data.texts()["test"]
    ids = codec.encode_target(test.targets)
    assert [codec.decode_target(row) for row in ids] == [" ".join(text.lower().split()) for text in test.targets]
    assert data.skipped == data.left_out == 0


@pytest.mark.data
def test_the_real_sentences_are_all_there_and_no_side_is_in_two_splits(data_dir):
    """The counts of their READMEs."""
    for language, pairs in (("cmn", 29_155), ("fra", 142_787)):
        parts = Tatoeba(language, "eng", dir=str(data_dir / f"tatoeba_{language}_eng")).texts()
        assert sum(len(part.sources) for part in parts.values()) == pairs
        for split in ("validation", "test"):
            assert abs(len(parts[split].sources) / pairs - 0.05) < 0.001
        for side in (0, 1):
            texts = {split: {bare(text) for text in part[side]} for split, part in parts.items()}
            assert not texts["train"] & texts["test"]
            assert not texts["train"] & texts["validation"]
            assert not texts["validation"] & texts["test"]
