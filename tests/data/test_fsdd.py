"""The spoken digits: split as their authors say, or by speaker; and strings of them."""

import hashlib
import zipfile

import numpy as np
import pytest
import torch
from tolerances import close
from wav_files import tone, wav

from rnnzoo.data import _fsdd_files
from rnnzoo.data._base import SPLITS
from rnnzoo.data._files import DamagedFile, MissingData
from rnnzoo.data._fsdd_files import RATE, SPEAKERS, parse, read_fsdd, split_digits, tones
from rnnzoo.data.fsdd import Fsdd
from rnnzoo.data.fsdd_strings import FsddStrings
from rnnzoo.registry import CODECS, UnknownName

NAMES = [f"{digit}_{speaker}_{take}.wav" for digit in (0, 7) for speaker in ("theo", "lucas") for take in range(12)]
CONTENTS = {name: wav(np.round(9000 * tone(200 + 50 * i, 0.05)).astype(int)) for i, name in enumerate(NAMES)}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An archive like the official one, of four dozen recordings."""
    digest = hashlib.sha256(b"".join(name.encode() + CONTENTS[name] for name in sorted(NAMES)))
    monkeypatch.setattr(_fsdd_files, "SHA256", digest.hexdigest())
    with zipfile.ZipFile(tmp_path / "recordings.zip", "w") as archive:
        archive.writestr("some/README.md", "not a recording")
        for name, content in CONTENTS.items():
            archive.writestr(f"some/recordings/{name}", content)
    return tmp_path


def test_takes_0_to_4_are_the_test_and_each_recording_is_in_one_split(folder):
    parts = split_digits(read_fsdd(folder / "recordings.zip"), "official", "theo")
    assert {split: len(part) for split, part in parts.items()} == {"train": 8, "validation": 20, "test": 20}
    assert {one.take for one in parts["test"]} == set(range(5))
    assert {one.take for one in parts["validation"]} == set(range(5, 10))
    found = {(one.digit, one.speaker, one.take) for part in parts.values() for one in part}
    assert len(found) == len(NAMES)


def test_an_unseen_speaker_is_heard_in_the_test_alone(folder):
    parts = split_digits(read_fsdd(folder / "recordings.zip"), "speaker", "lucas")
    assert {split: {one.speaker for one in part} for split, part in parts.items()} == {
        "train": {"theo"}, "validation": {"theo"}, "test": {"lucas"},
    }  # fmt: skip
    assert len(parts["test"]) == 24


def test_an_archive_and_a_folder_give_the_same_rows_and_the_second_time_comes_from_the_cache(folder, monkeypatch):
    first = Fsdd(dir=str(folder), n_mels=8)
    rows = first.splits["test"]
    assert first.spec["input_size"] == 8
    with monkeypatch.context() as patch:
        patch.setattr(_fsdd_files, "_contents", lambda _: pytest.fail("the archive was opened again"))
        again = Fsdd(dir=str(folder), n_mels=8)
        assert torch.equal(again.splits["test"].values, rows.values)
        assert again.data_version == first.data_version
    (folder / "recordings.zip").unlink()
    (folder / "recordings").mkdir()
    for name, content in CONTENTS.items():
        (folder / "recordings" / name).write_bytes(content)
    assert torch.equal(Fsdd(dir=str(folder), n_mels=8).splits["test"].values, rows.values)


@pytest.mark.parametrize("normalization", ["corpus", "utterance", "none"])
def test_rows_are_what_the_codec_makes_of_their_files_with_the_digits_they_are_called_after(folder, normalization):
    data = Fsdd(dir=str(folder), n_mels=8, normalization=normalization)
    state = data.codec_state()
    codec = CODECS.create(state.pop("codec"), **state)
    test = [name for name in sorted(NAMES) if int(name.split("_")[2][:-4]) < 5]
    batch = codec.encode([CONTENTS[name] for name in test])
    rows = data.splits["test"][range(len(test))]
    close(rows.inputs, batch.inputs)
    assert torch.equal(rows.lengths, batch.lengths)
    assert rows.targets.tolist() == [int(name[0]) for name in test]


def test_normalised_by_the_corpus_means_by_its_training_frames(folder):
    values = Fsdd(dir=str(folder), n_mels=8).splits["train"].values
    close(values.mean(0), torch.zeros(8), dtype=torch.float32)
    torch.testing.assert_close(values.std(0, correction=0), torch.ones(8), rtol=1e-4, atol=0.0)


def test_other_files_than_the_official_ones_say_so(tmp_path, folder):
    with zipfile.ZipFile(folder / "recordings.zip", "a") as archive:
        archive.writestr("some/recordings/9_theo_0.wav", CONTENTS[NAMES[0]])
    with pytest.raises(DamagedFile, match="49 recordings"):
        read_fsdd(folder / "recordings.zip")
    (tmp_path / "cut.zip").write_bytes((folder / "recordings.zip").read_bytes()[:900])
    with pytest.raises(DamagedFile, match=r"cut\.zip cannot be read"):
        read_fsdd(tmp_path / "cut.zip")
    with pytest.raises(DamagedFile, match="DIGIT_SPEAKER_TAKE"):
        parse("theo_1.wav", b"", "here")
    with pytest.raises(MissingData, match="curl"):
        Fsdd(dir=str(tmp_path / "elsewhere"), download=False).setup()


def test_splits_and_speakers_that_are_none_say_so_at_once():
    with pytest.raises(UnknownName, match="official"):
        Fsdd(split="oficial")
    with pytest.raises(UnknownName, match="george"):
        FsddStrings(speaker="georg")
    for settings in ({"training": 0}, {"shortest": 4, "longest": 3}, {"pause": [0.2, 0.1]}, {"pause": [0.2]}):
        with pytest.raises(ValueError, match=r"expected (at least|the shortest)"):
            FsddStrings(**settings)


def strings(**settings):
    data = FsddStrings(**{"training": 40, "validation": 10, "test": 10, "shortest": 3, "longest": 7, **settings})
    return data._joined(split_digits(tones(range(12)), "official", "theo"))


def test_a_string_is_whole_recordings_of_one_speaker_and_split_with_silence_between():
    sounds = {split: {} for split in SPLITS}
    for split, part in split_digits(tones(range(12)), "official", "theo").items():
        for one in part:
            sounds[split][one.audio.samples.tobytes()] = one
    recordings = strings(pause=(0.05, 0.25))
    assert recordings.labels == ["", *"0123456789"]
    for split in SPLITS:
        said = list(recordings.splits[split])
        assert {len(target) for _, target in said} <= set(range(3, 8))
        for (samples, rate), target in said:
            assert rate == RATE
            silent = np.flatnonzero(np.convolve(samples == 0, np.ones(200), mode="valid") == 200)
            parts = np.split(samples, [at for at in silent if at - 1 not in silent]) if len(silent) else [samples]
            heard = [sounds[split][np.trim_zeros(part).tobytes()] for part in parts]
            assert [one.digit + 1 for one in heard] == target
            assert len({one.speaker for one in heard}) == 1
            pauses = len(samples) - sum(len(one.audio.samples) for one in heard)
            assert 0.05 * RATE * (len(target) - 1) - 3 <= pauses <= 0.25 * RATE * (len(target) - 1) + 3


def test_the_same_seed_draws_the_same_strings_and_another_does_not():
    first, same, other = (
        [(target, audio.samples.tobytes()) for audio, target in strings(data_seed=seed).splits["train"]]
        for seed in (1, 1, 2)
    )
    assert first == same
    assert first != other


@pytest.mark.data
@pytest.mark.slow
def test_the_real_recordings_are_all_there(data_dir):
    data = Fsdd(dir=str(data_dir))
    rows = {split: len(part) for split, part in data.splits.items()}
    assert rows == {"train": 2400, "validation": 300, "test": 300}
    assert data.splits["test"].targets.bincount().tolist() == [30] * 10
    for speaker in SPEAKERS[:1]:
        unseen = Fsdd(dir=str(data_dir), split="speaker", speaker=speaker)
        assert {split: len(part) for split, part in unseen.splits.items()} == {
            "train": 2250, "validation": 250, "test": 500,
        }  # fmt: skip
