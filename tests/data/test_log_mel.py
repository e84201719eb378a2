"""Log-mel features against the definition in numpy: a sum for each frequency, a triangle for each band."""

import numpy as np
import pytest
import torch
from tolerances import close
from wav_files import tone

from rnnzoo.data._log_mel import LOWEST, LogMel, LogMelStream


def defined(samples, rate, bands, window, hop, floor):
    """The features (F, bands) in float64, by the definition."""
    L, H = round(window * rate), round(hop * rate)
    P = 2 ** int(np.ceil(np.log2(L)))
    begins = [0]
    while begins[-1] + L < len(samples):
        begins.append(begins[-1] + H)
    mels = np.linspace(2595 * np.log10(1 + LOWEST / 700), 2595 * np.log10(1 + rate / 1400), bands + 2)
    corners = 700 * (10 ** (mels / 2595) - 1)
    hann = np.array([0.5 - 0.5 * np.cos(2 * np.pi * n / L) for n in range(L)])
    rows = []
    for begin in begins:
        frame = np.zeros(L)
        part = samples[begin : begin + L]
        frame[: len(part)] = part
        row = np.zeros(bands)
        for k in range(P // 2 + 1):
            power = abs(np.sum(frame * hann * np.exp(-2j * np.pi * k * np.arange(L) / P))) ** 2
            f = k * rate / P
            for m in range(bands):
                left, tip, right = corners[m : m + 3]
                if left < f <= tip:
                    row[m] += power * (f - left) / (tip - left)
                elif tip < f < right:
                    row[m] += power * (right - f) / (right - tip)
        rows.append(np.log(np.maximum(row, floor)))
    return np.array(rows)


@pytest.mark.parametrize("samples", [1, 150, 200, 201, 280, 1000])
def test_the_features_are_those_of_the_definition(samples):
    sound = np.random.RandomState(samples).standard_normal(samples) * 0.1
    expected = defined(sound, 8000, 12, 0.025, 0.010, 1e-6)
    found = LogMel(8000, 12)(torch.from_numpy(sound).float())
    assert found.shape == expected.shape
    torch.testing.assert_close(found.double(), torch.from_numpy(expected), rtol=1e-4, atol=1e-4)


def test_silence_is_the_logarithm_of_the_floor():
    assert LogMel(8000, 10, floor=1e-3)(torch.zeros(900)).eq(np.float32(np.log(1e-3))).all()


@pytest.mark.parametrize("band", [4, 11, 17])
def test_a_sine_is_loudest_in_the_band_whose_tip_it_is_at(band):
    mels = LogMel(8000, 20)
    peak = int(mels.filters[:, band].argmax()) * 8000 / mels.points
    features = mels(torch.from_numpy(tone(peak)).float())
    assert features[3:-3].argmax(dim=1).eq(band).all()


def test_twice_as_loud_adds_the_logarithm_of_four():
    sound = torch.randn(1000)
    mels = LogMel(8000, 10, floor=1e-12)
    close(mels(2 * sound) - mels(sound), torch.full_like(mels(sound), np.log(4)))


@pytest.mark.parametrize("length", [0, 30, 200, 340, 1777])
def test_chunks_of_any_size_make_what_the_whole_does(length):
    sound, mels = torch.randn(length) * 0.1, LogMel(8000, 10)
    for size in (1, 33, 80, 500):
        stream = LogMelStream(mels)
        parts = [stream.push(chunk) for chunk in sound.split(size)] + [stream.push(torch.zeros(0), last=True)]
        torch.testing.assert_close(torch.cat(parts), mels(sound), rtol=1e-4, atol=1e-4)
        assert len(stream.held) < 500 + mels.length


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"n_mels": 0}, "n_mels 0"),
        ({"hop": 0.0}, "hop 0.0"),
        ({"window": 0.001}, "window no shorter"),
        ({"floor": 0.0}, "floor is 0"),
        ({"n_mels": 200}, "no frequency in band"),
    ],
)
def test_settings_that_give_no_features_say_so(settings, told):
    with pytest.raises(ValueError, match=told):
        LogMel(8000, **settings)
