"""Strings of spoken digits: recordings of the Free Spoken Digit Dataset, one after the other.

After the connected digits of R. G. Leonard, "A database for speaker-independent digit recognition", ICASSP 1984.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rnnzoo.data import _fsdd_files
from rnnzoo.data._base import SPLITS
from rnnzoo.data._cache import stamp
from rnnzoo.data._checks import check_positive
from rnnzoo.data._fsdd_files import RATE, SOURCE, Digit, find_fsdd, read_fsdd, split_digits
from rnnzoo.data._speech import Recording, Recordings, SpeechData
from rnnzoo.data._wav import Audio
from rnnzoo.registry import DATA

LABELS = ["", *"0123456789"]


@DATA.register(
    "fsdd_strings",
    description="strings of 3 to 7 spoken digits, joined of recordings of one speaker, to be written down",
    kind="transcript",
    licence="CC BY-SA 4.0",
    source=SOURCE,
)
class FsddStrings(SpeechData):
    """Recordings of one speaker and one split, joined with pauses, and the digits that are said, such as "40772".

    Drawn by a generator for each split: first the speaker, then how many digits, which, which take of each, and the
    pauses between them. Files: as ``fsdd``.

    Args:
        training, validation, test: strings of each split.
        shortest, longest: digits of a string.
        pause: the shortest and the longest pause, in seconds; it is silent.
        data_seed: of the drawing.
        split, speaker: of the recordings that the splits are made of, see ``fsdd``.
        n_mels, window, hop, floor: bands; seconds of a frame and from one to the next; the least power of a band.
        normalization: of each band: "corpus" (mean and deviation of the training frames), "utterance" or "none".
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        dir: the folder with the files, if not the usual places.
        download: whether the files may be fetched.

    Raises:
        ValueError: a split of no string, or lengths or pauses that are none.
    """

    kind = "transcript"
    code = (*SpeechData.code, _fsdd_files)

    def __init__(
        self,
        training: int = 3000,
        validation: int = 300,
        test: int = 600,
        shortest: int = 3,
        longest: int = 7,
        pause: Sequence[float] = (0.05, 0.25),
        data_seed: int = 0,
        split: str = "official",
        speaker: str = "theo",
        n_mels: int = 40,
        window: float = 0.025,
        hop: float = 0.010,
        floor: float = 1e-6,
        normalization: str = "corpus",
        batch_size: int = 32,
        eval_batch_size: int | None = 128,
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
            rate=RATE,
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
        check_positive(training=training, validation=validation, test=test, shortest=shortest)
        if longest < shortest:
            raise ValueError(f"longest is {longest} and shortest {shortest}; expected at least as many digits.")
        if len(pause) != 2 or not 0 <= pause[0] <= pause[1]:
            raise ValueError(f"pause is {list(pause)}; expected the shortest and the longest, in seconds from 0.")
        split_digits([], split, speaker)  # the names, at once
        self.strings = dict(zip(SPLITS, (training, validation, test), strict=True))
        self.shortest, self.longest, self.pause = shortest, longest, [float(each) for each in pause]
        self.data_seed = data_seed
        self.split = split
        self.speaker = speaker
        self.dir = dir
        self.download = download

    def key(self) -> dict[str, Any]:
        """The stamp of the files, how they are split, and how strings are drawn."""
        drawn = [self.strings, self.shortest, self.longest, self.pause, self.data_seed]
        files = stamp(find_fsdd(self.dir, self.download))
        return {"files": files, "split": [self.split, self.speaker], "drawn": drawn}

    def read(self) -> Recordings:
        """The strings, joined one by one as they are asked for."""
        return self._joined(split_digits(read_fsdd(find_fsdd(self.dir, self.download)), self.split, self.speaker))

    def _joined(self, parts: dict[str, list[Digit]]) -> Recordings:
        return Recordings(LABELS, {split: self._draw(parts[split], number) for number, split in enumerate(SPLITS)})

    def _draw(self, digits: list[Digit], number: int) -> Iterator[Recording]:
        """The strings of the split with this number."""
        random = np.random.RandomState([self.data_seed, number])
        takes: dict[str, dict[int, list[Digit]]] = defaultdict(lambda: defaultdict(list))
        for one in digits:
            takes[one.speaker][one.digit].append(one)
        speakers = sorted(takes)
        for _ in range(self.strings[SPLITS[number]]):
            own = takes[speakers[random.randint(len(speakers))]]
            said = random.randint(10, size=random.randint(self.shortest, self.longest + 1)).tolist()
            parts = [own[digit][random.randint(len(own[digit]))].audio.samples for digit in said]
            pauses = (random.uniform(self.pause[0], self.pause[1], size=len(said) - 1) * RATE).round().astype(int)
            for place, length in enumerate(pauses.tolist()):
                parts.insert(2 * place + 1, np.zeros(length, dtype=np.float32))
            yield Recording(Audio(np.concatenate(parts), RATE), [digit + 1 for digit in said])

    @classmethod
    def tiny(cls) -> FsddStrings:
        """Strings of tones."""
        data = cls(
            training=16, validation=6, test=6, longest=4, pause=(0.02, 0.05), n_mels=8, hop=0.02, batch_size=4,
            eval_batch_size=4,
        )  # fmt: skip
        data._given = data._joined(split_digits(_fsdd_files.tones((0, 5, 10, 11)), "official", "theo"))
        return data
