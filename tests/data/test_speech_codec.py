"""Sound to features: the same from a path, from bytes and from samples, at any rate, whole or in chunks."""

import numpy as np
import pytest
import torch
from tolerances import close
from wav_files import tone, wav

from rnnzoo.data._speech_codec import SpeechCodec
from rnnzoo.registry import CODECS, UnknownName

FEATURES = {"rate": 8000, "n_mels": 10, "window": 0.025, "hop": 0.010, "floor": 1e-6}
MEAN, DEVIATION = [float(i) for i in range(10)], [0.5 + i for i in range(10)]


def codec(normalization="none", **changes):
    return SpeechCodec(**{**FEATURES, **changes}, normalization=normalization)


def test_a_path_its_bytes_and_its_samples_give_the_same_batch(tmp_path):
    content = wav(np.round(tone(700) * 20000).astype(int))
    (tmp_path / "a.wav").write_bytes(content)
    samples = np.frombuffer(content[44:], dtype="<i2")
    raw = [str(tmp_path / "a.wav"), tmp_path / "a.wav", content, (samples, 8000), (samples / 32768, 8000)]
    batch = codec().encode(raw)
    assert batch.lengths.tolist() == [codec().log_mel.frames(len(samples))] * 5
    for row in batch.inputs[1:]:
        close(row, batch.inputs[0])


def test_shorter_sounds_are_padded_and_change_nothing_for_the_others():
    short, long = (np.random.RandomState(n).randn(n) * 0.1 for n in (500, 2000))
    batch = codec("utterance").encode([(short, 8000), (long, 8000)])
    (alone,) = codec("utterance").encode([(short, 8000)]).inputs
    close(batch.inputs[0, : batch.lengths[0]], alone)
    assert batch.inputs[0, batch.lengths[0] :].eq(0).all()


@pytest.mark.parametrize("rate", [16000, 44100])
def test_the_same_sound_at_another_rate_has_the_same_features(rate):
    at = {r: tone(440, 0.5, r, 0.3) + tone(1900, 0.5, r, 0.2) for r in (8000, rate)}
    one, other = (codec(floor=1e-3).encode([(at[r], r)]).inputs[0] for r in (8000, rate))
    torch.testing.assert_close(other[4:-4], one[4:-4], rtol=0.0, atol=0.02)


def test_normalised_by_the_utterance_each_band_has_mean_0_and_deviation_1():
    (features,) = codec("utterance").encode([(np.random.RandomState(0).randn(4000), 8000)]).inputs
    deviation, mean = torch.std_mean(features, dim=0, correction=0)
    close(mean, torch.zeros(10), dtype=torch.float32)
    close(deviation, torch.ones(10), dtype=torch.float32)


def test_normalised_by_the_corpus_each_band_has_the_corpus_mean_and_deviation():
    raw = [(np.random.RandomState(0).randn(900), 8000)]
    (plain,) = codec().encode(raw).inputs
    (found,) = SpeechCodec(**FEATURES, normalization="corpus", mean=MEAN, deviation=DEVIATION).encode(raw).inputs
    close(found, (plain - torch.tensor(MEAN)) / torch.tensor(DEVIATION))


def test_silence_of_one_band_stays_finite():
    (features,) = codec("utterance").encode([(np.zeros(900), 8000)]).inputs
    assert features.eq(0).all()


@pytest.mark.parametrize("rate", [8000, 11025])
@pytest.mark.parametrize("size", [1, 70, 999])
def test_chunks_make_the_features_of_the_whole(rate, size):
    sound = np.random.RandomState(0).randn(1500).astype(np.float32) * 0.1
    whole = codec().encode([(sound, rate)]).inputs[0]
    stream = codec().stream(rate)
    parts = [stream.push(sound[i : i + size]) for i in range(0, len(sound), size)] + [stream.finish()]
    torch.testing.assert_close(torch.cat(parts), whole, rtol=1e-4, atol=1e-4)


def test_what_needs_the_end_cannot_be_made_while_it_is_spoken():
    with pytest.raises(ValueError, match="'corpus' or 'none'"):
        codec("utterance").stream()
    with pytest.raises(ValueError, match="before a sample came"):
        codec().stream().finish()


def test_the_state_rebuilds_the_codec():
    state = SpeechCodec(**FEATURES, normalization="corpus", mean=MEAN, deviation=DEVIATION).state()
    again = CODECS.create("speech", **{key: value for key, value in state.items() if key != "codec"})
    assert again.state() == state


@pytest.mark.parametrize("item", [3, ([0.0], 8000, 1), np.zeros(9), None])
def test_what_is_no_sound_is_refused_by_its_number(item):
    with pytest.raises(TypeError, match="item 1 is a"):
        codec().encode([(np.zeros(9), 8000), item])


def test_settings_that_are_none_say_so():
    with pytest.raises(UnknownName, match="utterance"):
        codec("uterance")
    with pytest.raises(ValueError, match="expected 10 of each"):
        SpeechCodec(**FEATURES, normalization="corpus", mean=[0.0], deviation=[1.0])
    with pytest.raises(ValueError, match="no sound to encode"):
        codec().encode([])
