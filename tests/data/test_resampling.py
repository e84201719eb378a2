"""A sine at one rate is the same sine at another; what the other rate can't hold is gone; chunks make the whole."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from tolerances import close
from wav_files import tone

from rnnzoo.data._resampling import CROSSINGS, Resampler, resample

RATES = [(8000, 16000), (16000, 8000), (44100, 8000), (8000, 44100), (11025, 8000), (22050, 16000), (8001, 8000)]


@pytest.mark.parametrize(("rate", "wanted"), RATES)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.8])
def test_a_sine_below_the_band_s_end_stays_what_it_is(rate, wanted, share):
    frequency = share * min(rate, wanted) / 2
    found = resample(torch.from_numpy(tone(frequency, 0.5, rate)).float(), rate, wanted)
    expected = torch.from_numpy(tone(frequency, 0.5, wanted)).float()
    assert len(found) == -(-round(0.5 * rate) * wanted // rate)
    edge = 2 * CROSSINGS * max(1, wanted // min(rate, wanted) + 1)  # there the silence beyond the ends is heard
    inside = slice(edge, min(len(found), len(expected)) - edge)
    assert (found[inside] - expected[inside]).abs().max() < 2e-4


@pytest.mark.parametrize(("rate", "wanted"), [(16000, 8000), (44100, 8000), (48000, 44100)])
def test_a_sine_that_the_lower_rate_cannot_hold_is_damped_by_80_decibels(rate, wanted):
    for frequency in (1.01 * wanted / 2, (rate + wanted) / 4):
        found = resample(torch.from_numpy(tone(frequency, 0.5, rate, 1.0)).float(), rate, wanted)
        edge = 2 * CROSSINGS
        assert found[edge:-edge].abs().max() < 10 ** (-80 / 20) * 1.5


def test_what_is_constant_stays_so():
    found = resample(torch.full((3000,), 0.7), 11025, 8000)
    assert (found[60:-60] - 0.7).abs().max() < 1e-5


def test_the_same_rate_changes_nothing():
    samples = torch.randn(50)
    assert resample(samples, 8000, 8000) is samples


@pytest.mark.parametrize(("rate", "wanted"), [(16000, 8000), (8000, 11025), (44100, 8000)])
def test_chunks_of_any_size_make_what_the_whole_does(rate, wanted):
    samples = torch.randn(5000)
    random = np.random.RandomState(0)
    cuts = [0, *sorted(random.choice(5000, size=9, replace=False).tolist()), 5000]
    stream = Resampler(rate, wanted)
    parts = [stream.push(samples[a:b]) for a, b in pairwise(cuts)] + [stream.push(torch.zeros(0), last=True)]
    assert sum(len(part) > 0 for part in parts) > 3
    close(torch.cat(parts), resample(samples, rate, wanted))


def test_a_stream_holds_no_more_than_the_kernel_needs():
    stream = Resampler(44100, 8000)
    for _ in range(20):
        stream.push(torch.randn(4000))
    assert len(stream.held) < 4 * stream.reach
