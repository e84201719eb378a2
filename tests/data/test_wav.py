"""Wav files of every form give the samples that were written, and what is none says so by name."""

import struct
import wave

import numpy as np
import pytest
from wav_files import tone, wav

from rnnzoo.data._files import DamagedFile, MissingData
from rnnzoo.data._wav import as_audio, read_wav

RANDOM = np.random.RandomState(0)


@pytest.mark.parametrize(("bits", "middle"), [(8, 128), (16, 0), (24, 0), (32, 0)])
@pytest.mark.parametrize("extensible", [False, True])
def test_whole_numbers_are_the_shares_of_full_scale_that_they_stand_for(bits, middle, extensible):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    numbers = np.array([low, high, 0, 1, -1, *RANDOM.randint(low, high, size=50)], dtype=np.int64)
    audio = read_wav(wav(numbers + middle, 11025, bits, extensible=extensible))
    assert audio.rate == 11025
    np.testing.assert_array_equal(audio.samples, (numbers / 2.0 ** (bits - 1)).astype(np.float32))


@pytest.mark.parametrize("bits", [32, 64])
def test_floats_are_taken_as_they_are(bits):
    values = RANDOM.standard_normal(40).astype(np.float32)
    np.testing.assert_array_equal(read_wav(wav(values, bits=bits, tag=3)).samples, values)


def test_channels_are_averaged():
    values = RANDOM.randint(-30000, 30000, size=(20, 2))
    np.testing.assert_allclose(read_wav(wav(values)).samples, values.mean(axis=1) / 32768, atol=1e-7)


def test_other_parts_of_a_file_are_passed_over_even_of_odd_length():
    told = b"LIST" + struct.pack("<I", 5) + b"title" + b"\0"
    np.testing.assert_array_equal(read_wav(wav([1, 2, 3], before=told)).samples, np.float32([1, 2, 3]) / 32768)


def test_what_the_standard_library_writes_is_read(tmp_path):
    numbers = RANDOM.randint(-32768, 32767, size=(30, 2)).astype("<i2")
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44100)
        file.writeframes(numbers.tobytes())
    audio = read_wav(tmp_path / "a.wav")
    assert audio.rate == 44100
    np.testing.assert_allclose(audio.samples, numbers.astype(float).mean(axis=1) / 32768, atol=1e-7)


def test_a_file_that_was_sent_on_before_its_length_was_known_is_read_to_its_end():
    content = wav([5, 6, 7])
    place = content.index(b"data") + 4
    content = content[:place] + b"\xff\xff\xff\xff" + content[place + 4 :]
    assert len(read_wav(content).samples) == 3


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"ID3 some other sound", "no wav file: it begins with b'ID3"),
        (b"", "no wav file"),
        (wav(tone(500) * 30000, cut=7), "truncated: its 'data' part lacks 7 bytes"),
        (wav([1], cut=20), "truncated: its 'fmt' part lacks 10 bytes"),
        (wav([], bits=16), "empty: it has no sample"),
        (wav([1, 2], bits=16, tag=7), "encoding 7 of 16 bits"),
        (wav([0.0, np.nan, 1.0], bits=32, tag=3), "NaN or infinite number at sample 1"),
        (wav([1])[:36], "no sound"),
        (wav([1, 2], rate=0), "0 samples a second"),
    ],
)
def test_what_is_no_wav_says_so_with_the_name_of_the_file(tmp_path, content, told):
    path = tmp_path / "song.wav"
    path.write_bytes(content)
    with pytest.raises(DamagedFile, match=f"song.wav.*({told})"):
        read_wav(path)


def test_a_file_that_is_not_there_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(MissingData, match=str(tmp_path)):
        read_wav(tmp_path / "none.wav")


def test_samples_at_hand_are_those_of_a_file_with_them():
    numbers = RANDOM.randint(-32768, 32767, size=(30, 2)).astype(np.int16)
    np.testing.assert_array_equal(as_audio(numbers, 8000, "it").samples, read_wav(wav(numbers)).samples)
    bytes_ = RANDOM.randint(0, 256, size=30).astype(np.uint8)
    np.testing.assert_array_equal(as_audio(bytes_, 8000, "it").samples, read_wav(wav(bytes_, bits=8)).samples)


@pytest.mark.parametrize(
    ("samples", "rate", "error"),
    [([], 8000, ValueError), ([[[1.0]]], 8000, ValueError), ([1.0], 0, ValueError), ([1.0], 0.5, ValueError),
     (["a"], 8000, TypeError), ([np.inf], 8000, ValueError), ([True], 8000, TypeError)],
)  # fmt: skip
def test_samples_that_are_no_sound_are_refused_by_name(samples, rate, error):
    with pytest.raises(error, match="item 3"):
        as_audio(samples, rate, "item 3")
