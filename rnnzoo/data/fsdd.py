"""Free Spoken Digit Dataset: which digit somebody says.

Z. Jackson and others, "Free Spoken Digit Dataset", v1.0.10, doi:10.5281/zenodo.1342401.
"""

from __future__ import annotations

from typing import Any

from rnnzoo.data import _fsdd_files
from rnnzoo.data._cache import stamp
from rnnzoo.data._fsdd_files import SOURCE, Digit, find_fsdd, read_fsdd, split_digits
from rnnzoo.data._speech import Recording, Recordings, SpeechData
from rnnzoo.registry import DATA

NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@DATA.register(
    "fsdd",
    description="3,000 recordings of digits by six speakers, as log-mel features; v1.0.10",
    kind="label",
    licence="CC BY-SA 4.0",
    source=SOURCE,
)
class Fsdd(SpeechData):
    """Spoken digits as frames (T, n_mels).

    Takes ``recordings.zip``, or the folder ``recordings``, from ``dir`` (or, without it, ``$RNNZOO_DATA`` and the
    cache), else downloads the archive.

    Args:
        split: "official": takes 0 to 4 of everybody are the test (300), 5 to 9 validation (300), the rest training
            (2,400); "speaker": all that one speaker says is the test (500), takes 0 to 4 of the others validation
            (250), the rest training (2,250).
        speaker: who that is: george, jackson, lucas, nicolas, theo or yweweler.
        n_mels, window, hop, floor: bands; seconds of a frame and from one to the next; the least power of a band.
        normalization: of each band: "corpus" (mean and deviation of the training frames), "utterance" or "none".
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        dir: the folder with the files, if not the usual places.
        download: whether the files may be fetched.
    """

    code = (*SpeechData.code, _fsdd_files)

    def __init__(
        self,
        split: str = "official",
        speaker: str = "theo",
        n_mels: int = 40,
        window: float = 0.025,
        hop: float = 0.010,
        floor: float = 1e-6,
        normalization: str = "corpus",
        batch_size: int = 32,
        eval_batch_size: int | None = 256,
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
            rate=_fsdd_files.RATE,
            n_mels=n_mels,
            window=window,
            hop=hop,
            floor=floor,
            normalization=normalization,
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            shuffle=shuffle,
            bucketing=bucketing,
            drop_last=drop_last,
            seed=seed,
            num_workers=num_workers,
            pin_memory=pin_memory,
        )
        split_digits([], split, speaker)  # the names, at once
        self.split = split
        self.speaker = speaker
        self.dir = dir
        self.download = download

    def key(self) -> dict[str, Any]:
        """The stamp of the files and how they are split."""
        return {"files": stamp(find_fsdd(self.dir, self.download)), "split": [self.split, self.speaker]}

    def read(self) -> Recordings:
        """All recordings, split."""
        return labelled(split_digits(read_fsdd(find_fsdd(self.dir, self.download)), self.split, self.speaker))

    @classmethod
    def tiny(cls) -> Fsdd:
        """Tones in place of digits."""
        data = cls(n_mels=8, hop=0.02, batch_size=8, eval_batch_size=8)
        data._given = labelled(split_digits(_fsdd_files.tones((0, 5, 10, 11)), "official", "theo"))
        return data


def labelled(parts: dict[str, list[Digit]]) -> Recordings:
    """The recordings, each with its digit."""
    return Recordings(
        NAMES, {split: [Recording(one.audio, [one.digit]) for one in part] for split, part in parts.items()}
    )
