"""What datasets of recorded speech share: their sound as log-mel features, labels or transcripts, and a cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch

from rnnzoo.contracts import Spec
from rnnzoo.data import _log_mel, _resampling, _speech_codec, _wav
from rnnzoo.data._base import SPLITS
from rnnzoo.data._batches import FlatSequences
from rnnzoo.data._cache import Arrays, pack_strings
from rnnzoo.data._encoded import EncodedData
from rnnzoo.data._speech_codec import LEAST, SpeechCodec
from rnnzoo.data._wav import Audio


class Recording(NamedTuple):
    """A piece of sound and what is said in it."""

    audio: Audio
    target: list[int]  # numbers of labels: one, or those of a transcript


class Recordings(NamedTuple):
    """All the recordings of a dataset, and what the labels' numbers mean."""

    labels: list[str]  # of transcripts, the first is "", the blank
    splits: Mapping[str, Iterable[Recording]]  # train, validation, test; each is gone through once


class SpeechData(EncodedData[Recordings]):
    """Recordings as log-mel features (T, n_mels), each with its label or its transcript.

    A concrete dataset says where its recordings come from (``read``) and what they depend on (``key``).

    Args:
        rate: samples a second; sound of another rate is resampled.
        n_mels, window, hop, floor: see ``_log_mel.LogMel``; seconds.
        normalization: "corpus", "utterance" or "none", see ``_speech_codec.SpeechCodec``.
        loading: the arguments of ``ZooData``.

    Raises:
        UnknownName, ValueError: as ``SpeechCodec``.
    """

    version = 1
    kind: ClassVar[str] = "label"
    unit: str = "character"  # of transcripts: "character", or "word", with blanks between
    code: ClassVar[tuple[ModuleType | Callable[..., Any], ...]] = (_wav, _resampling, _log_mel, _speech_codec)

    def __init__(
        self, *, rate: int, n_mels: int, window: float, hop: float, floor: float, normalization: str, **loading: Any
    ) -> None:
        super().__init__(**loading)
        self.features = {"rate": rate, "n_mels": n_mels, "window": window, "hop": hop, "floor": floor}
        self.normalization = normalization
        self.plain = SpeechCodec(**self.features, normalization=normalization)  # type: ignore[arg-type]

    @property
    def spec(self) -> Spec:
        """Bands in, labels out; makes the features, or finds them in the cache."""
        labels = self._strings("labels")
        spec = Spec(
            kind=self.kind,
            input="real",
            input_size=int(self.features["n_mels"]),
            output_size=len(labels),
            labels=labels,
            padding_id=None,
            streaming=False,
            version=self.version,
            frame_seconds=self.plain.log_mel.frame_seconds,
        )
        if self.kind == "transcript":
            spec["unit"] = self.unit
        return spec

    def codec_state(self) -> dict[str, Any]:
        """The state of the ``SpeechCodec`` that encodes as this dataset does."""
        arrays = self._encoded
        known = {name: arrays[name].tolist() for name in ("mean", "deviation")} if "mean" in arrays else {}
        return SpeechCodec(**self.features, normalization=self.normalization, **known).state()  # type: ignore[arg-type]

    def build_splits(self) -> dict[str, FlatSequences]:
        """The encoded rows."""
        arrays = self._encoded
        return {
            split: FlatSequences(arrays[f"{split}_features"], arrays[f"{split}_lengths"], arrays[f"{split}_targets"])
            for split in SPLITS
        }

    def settings(self) -> dict[str, Any]:
        """Those of the features."""
        return {**self.features, "normalization": self.normalization}

    def encode(self, raw: Recordings) -> Arrays:
        """Features, lengths and targets of all splits as arrays."""
        digest = hashlib.sha256(repr(raw.labels).encode())
        arrays: Arrays = {}
        for split in SPLITS:
            features, targets = [], []
            digest.update(split.encode())
            for audio, target in raw.splits[split]:
                digest.update(f"{audio.rate} {len(audio.samples)} {target}".encode() + audio.samples.tobytes())
                frames = self.plain.log_mel(self.plain.at_rate(audio))  # (T, n_mels)
                features.append(self.plain.normalized(frames) if self.normalization == "utterance" else frames)
                targets.append(target)
            arrays[f"{split}_features"] = torch.cat(features).numpy()  # (N, n_mels)
            arrays[f"{split}_lengths"] = np.array([len(each) for each in features], dtype=np.int64)
            arrays[f"{split}_targets"] = self._targets(targets)
        if self.normalization == "corpus":
            train = arrays["train_features"].astype(np.float64)
            arrays["mean"] = train.mean(axis=0).astype(np.float32)
            arrays["deviation"] = train.std(axis=0).clip(min=LEAST).astype(np.float32)
            for split in SPLITS:
                arrays[f"{split}_features"] -= arrays["mean"]
                arrays[f"{split}_features"] /= arrays["deviation"]
        arrays["labels"], arrays["labels_ends"] = pack_strings(raw.labels)
        arrays["digest"] = np.frombuffer(digest.digest(), dtype=np.uint8)
        return arrays

    def _targets(self, targets: list[list[int]]) -> np.ndarray:
        """Labels (R,), or transcripts (R, M) with 0, the blank, behind their ends."""
        if self.kind == "label":
            return np.array([label for (label,) in targets], dtype=np.int64)
        padded = np.zeros((len(targets), max(1, *map(len, targets))), dtype=np.int64)
        for row, symbols in enumerate(targets):
            padded[row, : len(symbols)] = symbols
        return padded
