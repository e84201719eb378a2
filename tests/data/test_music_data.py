"""Piano rolls from small files of the official format, and the codec that makes music frames."""

import hashlib
import os
from collections import Counter

import numpy as np
import pytest
import torch
from scipy.io import savemat

from rnnzoo.data import _music
from rnnzoo.data._files import DamagedFile, MissingData
from rnnzoo.data._frame_rows import FrameRows
from rnnzoo.data._keys import KEYS, estimate_key, transposed
from rnnzoo.data._piano_roll import PianoRollCodec, pitch_classes, to_roll
from rnnzoo.data.jsb_chorales import JSBChorales
from rnnzoo.data.nottingham import Nottingham
from rnnzoo.midi import DamagedMidi, write_midi
from rnnzoo.registry import UnknownName

SCALE = [[number] for number in (60, 62, 64, 65, 67, 69, 71, 72, 60)]
CADENCE = [[48, 60, 64, 67], [53, 60, 65, 69], [55, 59, 62, 67], [48, 60, 64, 67]]


def shifted(chords, semitones):
    return [[number + semitones for number in chord] for chord in chords]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Writes a file as it is published; its checksum is then the official one."""

    def write(**changes):
        pieces = {
            "traindata": [SCALE, CADENCE],
            "validdata": [CADENCE[::-1]],
            "testdata": [shifted(SCALE, 3)],
            **changes,
        }
        cells = {}
        for name, rolls in pieces.items():
            cells[name] = np.empty((1, len(rolls)), dtype=object)
            for number, roll in enumerate(rolls):
                cells[name][0, number] = roll if isinstance(roll, np.ndarray) else to_roll(roll, name)
        path = tmp_path / "JSB_Chorales.mat"
        savemat(path, cells)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        monkeypatch.setattr(JSBChorales, "files", {"JSB_Chorales.mat": digest})
        return str(tmp_path)

    return write


def frames(batch, row=0):
    """What is told of a row, as chords."""
    steps = batch.targets[row][batch.weights[row] > 0]
    return [PianoRollCodec(1).chord(frame) for frame in steps]


def test_each_frame_is_told_from_the_one_before_and_the_first_only_where_asked(folder):
    path = folder()
    batch = JSBChorales(dir=path).splits["train"][[0]]
    assert frames(batch) == SCALE[1:]
    assert [PianoRollCodec(1).chord(frame) for frame in batch.inputs[0]] == SCALE[:-1]
    batch = JSBChorales(dir=path, first_frame=True).splits["train"][[0]]
    assert frames(batch) == SCALE
    assert batch.inputs[0, 0].eq(0).all()


@pytest.mark.parametrize("window", [1, 3, 8, 100])
def test_windows_tell_every_frame_once(folder, window):
    rows = JSBChorales(dir=folder(), window=window).splits["train"]
    told = [chord for row in range(len(rows)) for chord in frames(rows[[row]])]
    assert told == SCALE[1:] + CADENCE[1:]
    assert max(rows.lengths) <= window
    assert len(rows) == sum(-(-(len(piece) - 1) // window) for piece in (SCALE, CADENCE))


def test_transpositions_are_the_same_pieces_higher_and_lower_and_so_are_their_keys(folder):
    data = JSBChorales(dir=folder(), transpose=2, condition="key")
    rows = data.splits["train"]
    assert len(rows) == 10
    found = {tuple(map(tuple, frames(rows[[row]]))): KEYS[rows[[row]].inputs["class"]] for row in range(10)}
    expected = {}
    for move, key in zip(range(-2, 3), ("A# major", "B major", "C major", "C# major", "D major"), strict=True):
        for piece in (SCALE, CADENCE):
            expected[tuple(map(tuple, shifted(piece[1:], move)))] = key
    assert found == expected
    assert len(data.splits["test"]) == 1
    assert KEYS[data.splits["test"][[0]].inputs["class"]] == "D# major"


def test_a_piece_moved_off_the_keys_is_refused(folder):
    with pytest.raises(ValueError, match="use the keys 27 to 51 are moved by -36 to 36"):
        _ = JSBChorales(dir=folder(), transpose=36).splits


def test_the_key_of_a_scale_and_of_its_transpositions():
    counts = pitch_classes(to_roll(SCALE, "scale"))
    minor = pitch_classes(to_roll([[n] for n in (57, 59, 60, 62, 64, 65, 68, 69, 64, 60, 57)], "harmonic minor"))
    assert (KEYS[estimate_key(counts)], KEYS[estimate_key(minor)]) == ("C major", "A minor")
    for given in (counts, minor, np.random.RandomState(0).randint(0, 50, 12)):
        for move in range(12):
            assert estimate_key(np.roll(given, move)) == transposed(estimate_key(given), move)
    assert estimate_key(np.zeros(12)) == 0


def test_a_file_that_is_none_is_refused(folder, tmp_path, monkeypatch):
    with pytest.raises(DamagedFile, match=r"traindata\{2\} is an array \(3, 87\); expected \(T, 88\) of 0 and 1"):
        JSBChorales(dir=folder(traindata=[SCALE, np.zeros((3, 87))])).read()
    with pytest.raises(DamagedFile, match="of 0 and 1"):
        JSBChorales(dir=folder(testdata=[np.full((3, 88), 2)])).read()
    whole = (tmp_path / "JSB_Chorales.mat").read_bytes()
    for content in (whole[: len(whole) // 2], b"not MATLAB's"):
        (tmp_path / "x.mat").write_bytes(content)
        with pytest.raises(DamagedFile, match=r"x\.mat"):
            _music.read_rolls(tmp_path / "x.mat")
    monkeypatch.setattr(JSBChorales, "files", {"JSB_Chorales.mat": "0" * 64})
    with pytest.raises(DamagedFile, match="has SHA-256"):
        JSBChorales(dir=str(tmp_path)).read()
    with pytest.raises(MissingData, match="locuslab"):
        Nottingham(dir=str(tmp_path), download=False).read()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"condition": "mode"}, "unknown condition"),
        ({"window": 0}, "window is 0"),
        ({"transpose": -1}, "transpose is -1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises((ValueError, UnknownName), match=message):
        JSBChorales(**settings)


def test_a_piece_without_a_next_frame_is_refused():
    with pytest.raises(ValueError, match="piece 1 has 1 frames; expected at least 2"):
        FrameRows(torch.zeros(4, 88), [3, 1])


def test_the_codec_reads_chords_arrays_and_midi_files_alike(tmp_path):
    codec = PianoRollCodec(2)
    path = write_midi(tmp_path / "scale.mid", SCALE, frames_per_quarter=2)
    batch = codec.encode([SCALE, to_roll(SCALE, "scale"), torch.from_numpy(to_roll(SCALE, "scale")), path, str(path)])
    assert [PianoRollCodec(1).chord(frame) for frame in batch.inputs[0]] == SCALE
    for row in range(5):
        assert torch.equal(batch.inputs[row], batch.inputs[0])
        assert frames(batch, row) == SCALE[1:]  # what follows the last frame is not known
    assert codec.chords(path) == SCALE


def test_the_key_is_that_given_else_that_estimated():
    codec = PianoRollCodec(1, keyed=True)
    batch = codec.encode([SCALE, {"piece": SCALE, "key": "A minor"}, {"piece": shifted(SCALE, 2)}])
    assert [KEYS[key] for key in batch.inputs["class"]] == ["C major", "A minor", "D major"]


@pytest.mark.parametrize(
    ("item", "error", "message"),
    [
        ([[20]], ValueError, "chord 0 of piece 0 has the note 20; expected MIDI numbers from 21 to 108"),
        ([[60], [109]], ValueError, "chord 1"),
        ([["C4"]], ValueError, "note 'C4'"),
        ([60, 64], ValueError, "chord 0 of piece 0 is 60"),
        ("nowhere.mid", FileNotFoundError, "nowhere.mid"),
        (__file__, DamagedMidi, "expected b'MThd'"),
        (np.zeros((2, 12)), ValueError, r"\(T, 88\)"),
        ([], ValueError, "piece 0 is empty"),
        (7, ValueError, "piece 0 is 7"),
        ({"key": "C major"}, ValueError, "expected 'piece' and 'key'"),
        ({"piece": [[60]], "key": "H dur"}, UnknownName, "H dur"),
    ],
)
def test_what_is_no_music_is_refused(item, error, message):
    with pytest.raises(error, match=message):
        PianoRollCodec(1).encode([item])


@pytest.mark.data
def test_the_real_pieces_are_all_there(data_dir):
    """The counts of Boulanger-Lewandowski et al.'s splits; a pop of 382 chorales and 1,037 tunes."""
    expected = {
        JSBChorales: ((229, 13807), (76, 4602), (77, 4725)),
        Nottingham: ((694, 176561), (173, 45513), (170, 44463)),
    }
    for data, counts in expected.items():
        splits = data(dir=os.fspath(data_dir / data.folder), condition="key").splits.values()
        assert tuple((len(rows), len(rows.values)) for rows in splits) == counts
        keys = Counter(KEYS[key] for rows in splits for key in rows.classes.tolist())
        assert {key for key, _ in keys.most_common(1)} == {"C major"}
