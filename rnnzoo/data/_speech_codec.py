"""Sound to batches: wav files, or samples with their rate, as log-mel features; whole, or chunk by chunk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnzoo.contracts import SequenceBatch
from rnnzoo.data._batches import unlabelled_batch
from rnnzoo.data._log_mel import LogMel, LogMelStream
from rnnzoo.data._resampling import Resampler, resample
from rnnzoo.data._wav import Audio, as_audio, read_wav
from rnnzoo.registry import CODECS, unknown

NORMALIZATIONS = ("corpus", "utterance", "none")
LEAST = 1e-2
"""A band that varies less is divided by this."""


@CODECS.register("speech")
class SpeechCodec:
    """Paths of wav files, their bytes, or (samples, rate), as batches (B, T, n_mels).

    Args:
        rate: sound of another is resampled to it.
        n_mels, window, hop, floor: see ``LogMel``.
        normalization: what is taken from each band and what it is divided by: "corpus": ``mean`` and ``deviation``;
            "utterance": the utterance's own; "none": nothing.
        mean, deviation: (n_mels,) of the training data's frames.

    Raises:
        UnknownName: no such normalisation.
        ValueError: settings of the features that don't go together, or not a mean and a deviation for each band.
    """

    def __init__(
        self,
        rate: int,
        n_mels: int,
        window: float,
        hop: float,
        floor: float,
        normalization: str,
        mean: Sequence[float] | None = None,
        deviation: Sequence[float] | None = None,
    ) -> None:
        if normalization not in NORMALIZATIONS:
            raise unknown("normalization", normalization, NORMALIZATIONS)
        self.settings = {"rate": rate, "n_mels": n_mels, "window": window, "hop": hop, "floor": floor}
        self.rate = rate
        self.log_mel = LogMel(**self.settings)  # type: ignore[arg-type]
        self.normalization = normalization
        self.mean = torch.zeros(n_mels) if mean is None else torch.tensor(mean)  # (n_mels,)
        self.deviation = torch.ones(n_mels) if deviation is None else torch.tensor(deviation)  # (n_mels,)
        if self.mean.shape != (n_mels,) or self.deviation.shape != (n_mels,):
            raise ValueError(
                f"mean has {len(self.mean)} numbers and deviation {len(self.deviation)}; expected {n_mels} of each."
            )

    def encode(self, raw: list[Any]) -> SequenceBatch:
        """``raw`` as a batch (B, T, n_mels) of floats, padded with zeros behind.

        Raises:
            MissingData, DamagedFile: see ``read_wav``.
            TypeError: an item is none of those above.
            ValueError: there is nothing to encode, or samples that are no sound.
        """
        if not raw:
            raise ValueError("there is no sound to encode; expected at least one, such as the path of a wav file.")
        return unlabelled_batch([self.features(self.samples(item, number)) for number, item in enumerate(raw)])

    def samples(self, item: Any, number: int = 0) -> Tensor:
        """The samples (N,) of an item, at the codec's rate.

        Raises:
            MissingData, DamagedFile, TypeError, ValueError: as ``encode``.
        """
        return self.at_rate(audio_of(item, number))

    def at_rate(self, audio: Audio) -> Tensor:
        """Its samples (N,), resampled if need be."""
        return resample(torch.from_numpy(audio.samples), audio.rate, self.rate)

    def features(self, samples: Tensor) -> Tensor:
        """The features (T, n_mels) of samples (N,) at the codec's rate."""
        return self.normalized(self.log_mel(samples))

    def normalized(self, features: Tensor) -> Tensor:
        """Log-mel features (T, n_mels), normalised."""
        mean, deviation = self.mean, self.deviation
        if self.normalization == "none":
            return features
        if self.normalization == "utterance":
            deviation, mean = torch.std_mean(features, dim=0, correction=0)
        return (features - mean) / deviation.clamp(min=LEAST)

    def stream(self, rate: int | None = None) -> SpeechStream:
        """What turns chunks of samples into features as they come.

        Args:
            rate: of the chunks; ``None``: the codec's.

        Raises:
            ValueError: the features are normalised by what only the end of an utterance tells.
        """
        if self.normalization == "utterance":
            raise ValueError(
                "features are normalised by each utterance's own mean, which is not known before its end: they can't "
                "be made while it is spoken. Train with data of normalization 'corpus' or 'none'."
            )
        return SpeechStream(self, self.rate if rate is None else rate)

    def state(self) -> dict[str, Any]:
        """Primitives from which the codec is rebuilt."""
        corpus = self.normalization == "corpus"
        return {
            "codec": "speech",
            **self.settings,
            "normalization": self.normalization,
            "mean": self.mean.tolist() if corpus else None,
            "deviation": self.deviation.tolist() if corpus else None,
        }


class SpeechStream:
    """Chunks of samples as features, such that all of them together are those of the whole.

    Args:
        codec: what the features are like.
        rate: samples a second of the chunks.
    """

    def __init__(self, codec: SpeechCodec, rate: int) -> None:
        self.codec, self.rate = codec, rate
        self.resampler = None if rate == codec.rate else Resampler(rate, codec.rate)
        self.frames = LogMelStream(codec.log_mel)
        self.came = 0

    def push(self, samples: Any) -> Tensor:
        """The features (F, n_mels), F maybe 0, that are whole once ``samples`` (N,) have come.

        Raises:
            TypeError, ValueError: they are no sound, see ``as_audio``.
        """
        if not len(samples):
            return self._features(torch.zeros(0), last=False)
        chunk = torch.from_numpy(as_audio(samples, self.rate, f"the chunk behind sample {self.came}").samples)
        self.came += len(chunk)
        return self._features(chunk, last=False)

    def finish(self) -> Tensor:
        """The rest of the features (F, n_mels).

        Raises:
            ValueError: no sample came.
        """
        if not self.came:
            raise ValueError("the stream ended before a sample came; expected at least one.")
        return self._features(torch.zeros(0), last=True)

    def _features(self, samples: Tensor, last: bool) -> Tensor:
        if self.resampler is not None:
            samples = self.resampler.push(samples, last)
        return self.codec.normalized(self.frames.push(samples, last))


def audio_of(item: Any, number: int) -> Audio:
    """The sound of a path, of a wav file's bytes, or of (samples, rate).

    Raises:
        MissingData, DamagedFile, TypeError, ValueError: as ``SpeechCodec.encode``.
    """
    if isinstance(item, str | Path):
        return read_wav(item)
    if isinstance(item, bytes):
        return read_wav(item, f"item {number}")
    if isinstance(item, tuple | list) and len(item) == 2 and np.ndim(item[1]) == 0:
        return as_audio(item[0], item[1], f"item {number}")
    raise TypeError(
        f"item {number} is a {type(item).__name__}; expected the path of a wav file, its bytes, or (samples, rate)."
    )
