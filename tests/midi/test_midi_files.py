"""A MIDI file says what was written, whoever reads it, and what a file cannot hold is refused."""

import random

import pytest

from rnnzoo.midi import HIGHEST, DamagedMidi, Music, Note, chords_of, name_of, notes_of, read_midi, write_midi
from rnnzoo.midi.writing import LONGEST_DELTA, variable_length

SCALE = [[60], [62], [64, 67], [], [64, 67], [64], [], []]


def drawn(frames, seed):
    """Chords of up to five notes of the whole range."""
    generator = random.Random(seed)
    return [sorted(generator.sample(range(HIGHEST + 1), generator.randrange(6))) for _ in range(frames)]


@pytest.mark.parametrize("format", [0, 1])
@pytest.mark.parametrize(("frames_per_quarter", "ticks"), [(1, 480), (2, 96), (4, 4), (3, 480)])
def test_what_is_written_is_read_again(tmp_path, format, frames_per_quarter, ticks):
    for seed, chords in enumerate([SCALE, drawn(200, 1), [[0, HIGHEST]], [[], [60]], [[]]]):
        path = tmp_path / f"{seed}.mid"
        settings = {"frames_per_quarter": frames_per_quarter, "ticks": ticks, "format": format}
        assert write_midi(path, chords, tempo=100, **settings) == path
        music = read_midi(path)
        assert chords_of(music, frames_per_quarter) == chords
        assert music.ticks == ticks
        assert music.tempo == pytest.approx(100, rel=1e-6)


def test_the_bytes_are_those_of_the_standard(tmp_path):
    """Written out by hand: a quarter of middle C at 120 quarters a minute, 96 ticks a quarter."""
    content = write_midi(tmp_path / "c.mid", [[60]], tempo=120, velocity=64, ticks=96, format=0).read_bytes()
    track = bytes.fromhex("00ff510307a120 00c000 00903c40 60803c00 00ff2f00")
    assert (
        content == b"MThd" + bytes.fromhex("00000006 0000 0001 0060") + b"MTrk" + len(track).to_bytes(4, "big") + track
    )


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "00"), (0x40, "40"), (0x7F, "7f"), (0x80, "8100"), (0x2000, "c000"), (0x3FFF, "ff7f"), (0x100000, "c08000"),
     (0x0FFFFFFF, "ffffff7f")],
)  # fmt: skip
def test_numbers_of_variable_length_are_those_of_the_standards_table(number, expected):
    assert variable_length(number).hex() == expected


def midi(track, *, format=0, tracks=1, ticks=96, name=b"MTrk"):
    """A file of one track, byte by byte."""
    head = b"".join(value.to_bytes(2, "big") for value in (format, tracks, ticks))
    return b"MThd\0\0\0\6" + head + name + len(track).to_bytes(4, "big") + track


def parsed(tmp_path, content):
    path = tmp_path / "given.mid"
    path.write_bytes(content)
    return read_midi(path)


def test_running_status_silent_strokes_and_unknown_parts_are_read(tmp_path):
    track = bytes.fromhex(
        "00f00341420f 00903c40 004040 603c00 604000 00ff2f00"
    )  # a message of the maker's; C, E; off by velocity 0
    content = midi(track)
    content = content[:14] + b"XFIH\0\0\0\2ab" + content[14:]
    assert parsed(tmp_path, content).notes == [Note(0, 96, 60, 64), Note(0, 192, 64, 64)]


def test_a_note_that_is_struck_again_and_one_that_never_ends(tmp_path):
    track = bytes.fromhex("00903c40 10903c41 10803c00 10803c00 00904040 20ff2f00")
    assert parsed(tmp_path, midi(track)).notes == [Note(0, 32, 60, 64), Note(16, 48, 60, 65), Note(48, 80, 64, 64)]


def test_drums_are_no_notes_unless_asked_for():
    music = Music([Note(0, 4, 60), Note(4, 8, 36, channel=9)], 4, length=8)
    assert chords_of(music) == [[60], []]
    assert chords_of(music, drums=True) == [[60], [36]]


def test_a_note_between_frames_goes_to_the_nearest_and_none_vanishes():
    music = Music([Note(0, 45, 60), Note(55, 190, 62), Note(210, 215, 64)], 100, length=215)
    assert chords_of(music) == [[60], [62], [64]]


def test_held_notes_are_one():
    assert notes_of([[60], [60, 64], [64], [60]], 2) == [Note(0, 4, 60), Note(2, 6, 64), Note(6, 8, 60)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"RIFF....WAVE", "begins with b'RIFF'; expected b'MThd'"),
        (b"", "begins with b''"),
        (midi(b"\0\xff\x2f\0", format=2), "format 2; expected 0 or 1"),
        (midi(b"\0\xff\x2f\0", ticks=0xE728), "not in parts of a quarter"),
        (midi(b"\0\xff\x2f\0", tracks=2), "ends 1 track"),
        (midi(b"\0\x90\x3c\x40")[:-2], "a part of 4 bytes begins here, and 2 are left"),
        (midi(b"\0\x90\x3c"), "2 bytes are expected and 1 are left"),
        (midi(b"\0\x3c\x40\0"), "an event has no status"),
        (midi(b"\0\x90\x3c\x80"), "expected numbers from 0 to 127"),
        (midi(b"\0\xf2\0\0"), "status 0xf2"),
        (midi(b"\xff\xff\xff\xff\x7f\x90\x3c\x40"), "more than four bytes"),
        (midi(b"\0\xff\x51\x7f\0"), "cut off"),
        (midi(b"\0"), "cut off in an event"),
    ],
)
def test_damaged_files_are_refused_with_the_place(tmp_path, content, message):
    with pytest.raises(DamagedMidi, match=rf"given\.mid .* at byte \d+: .*{message}"):
        parsed(tmp_path, content)


def test_a_file_cut_off_anywhere_is_refused_or_never_read_beyond(tmp_path):
    whole = write_midi(tmp_path / "whole.mid", drawn(20, 3)).read_bytes()
    for length in range(len(whole)):
        with pytest.raises(DamagedMidi):
            parsed(tmp_path, whole[:length])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"chords": [[60], [128]]}, r"chord 1 is \[128\]; expected MIDI numbers from 0 to 127"),
        ({"chords": [[-1]]}, "chord 0"),
        ({"chords": [[60.5]]}, "chord 0"),
        ({"chords": ["C4"]}, "chord 0"),
        ({"chords": [60]}, "chord 0 is 60"),
        ({"tempo": 3.5}, "tempo is 3.5 quarters a minute; expected 3.58"),
        ({"tempo": 0}, "tempo is 0"),
        ({"tempo": float("nan")}, "tempo is nan"),
        ({"ticks": 1 << 15}, "ticks is 32768; expected 1 to 32767"),
        ({"ticks": 480, "frames_per_quarter": 7}, "expected a multiple"),
        ({"velocity": 0}, "velocity is 0"),
        ({"program": 128}, "program is 128"),
        ({"format": 2}, "format is 2; expected 0 to 1"),
    ],
)
def test_what_a_file_cannot_hold_is_refused_and_nothing_is_written(tmp_path, settings, message):
    path = tmp_path / "bad.mid"
    with pytest.raises(ValueError, match=message):
        write_midi(path, **{"chords": [[60]], **settings})
    assert not list(tmp_path.iterdir())


def test_times_beyond_a_files_are_refused(tmp_path):
    silence = [[]] * (LONGEST_DELTA // 0x7FFF + 1)
    with pytest.raises(ValueError, match="ticks pass between two events; expected 0 to 268435455"):
        write_midi(tmp_path / "long.mid", [*silence, [60]], ticks=0x7FFF)


def test_a_year_of_silence_is_refused_before_it_takes_memory():
    with pytest.raises(ValueError, match="expected at most 1000000"):
        chords_of(Music([Note(0, 1 << 40, 60)], 1, length=1 << 40))


def test_a_file_that_is_not_there_and_a_name_that_is_none(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file"):
        read_midi(tmp_path / "none.mid")
    with pytest.raises(ValueError, match=r"expected \.mid or \.midi"):
        write_midi(tmp_path / "song.mp3", [[60]])


def test_names_of_notes():
    assert [name_of(number) for number in (21, 60, 61, 108, 127)] == ["A0", "C4", "C#4", "C8", "G9"]
