"""A user's own labelled recordings: a folder of wav files with a TSV of labels."""

from __future__ import annotations

from rnnzoo.data._speech import Recording, Recordings
from rnnzoo.data._wav import read_wav
from rnnzoo.data._wav_table import WavTable, toy_sounds
from rnnzoo.registry import DATA


@DATA.register(
    "wav_labels",
    description="your own labelled recordings: a folder of wav files with a TSV of their labels",
    kind="label",
    licence="the user's",
    source="",
)
class WavLabels(WavTable):
    """Wav files with a label each, as frames (T, n_mels); the labels are those of the training rows.

    Args:
        path: the folder.
        table: the file in it that has a header and, on each line, a file's name and its label, with a tab between.
        file_column, label_column: its columns.
        validation, test: shares of the rows, drawn by ``split_seed``.
        rate: samples a second; files of another rate are resampled.
        n_mels, window, hop, floor: bands; seconds of a frame and from one to the next; the least power of a band.
        normalization: of each band: "corpus" (mean and deviation of the training frames), "utterance" or "none".
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.

    Raises:
        ValueError: shares that leave nothing to train on, or a number out of range.
    """

    def __init__(
        self,
        path: str,
        table: str = "labels.tsv",
        file_column: str = "file",
        label_column: str = "label",
        validation: float = 0.1,
        test: float = 0.1,
        split_seed: int = 0,
        rate: int = 16_000,
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
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__(
            path,
            table=table,
            file_column=file_column,
            text_column=label_column,
            validation=validation,
            test=test,
            split_seed=split_seed,
            rate=rate,
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

    def read(self) -> Recordings:
        """The files of all splits, read one by one as they are asked for.

        Raises:
            DamagedFile: as ``read_said`` and ``read_wav``.
            ValueError: fewer than two labels, an empty one, or one that no training row has.
        """
        rows = self.rows()
        labels = sorted({row.text for row in rows["train"]})
        if len(labels) < 2:
            raise ValueError(f"{self.table} has one training label only, {labels[0]!r}; expected at least two.")
        for row in (row for part in rows.values() for row in part):
            if not row.text or row.text not in labels:
                strange = "in no training row" if row.text else "empty"
                raise ValueError(
                    f"{self.table}, line {row.line}: label {row.text!r} is {strange}; add training rows with it, "
                    "choose another split_seed, or remove the line."
                )
        return Recordings(
            labels,
            {
                split: (Recording(read_wav(row.file), [labels.index(row.text)]) for row in part)
                for split, part in rows.items()
            },
        )

    @classmethod
    def tiny(cls) -> WavLabels:
        """Made-up sounds, high and low; no file is read."""
        data = cls("tiny", rate=8000, n_mels=8, hop=0.02, batch_size=4, eval_batch_size=4)
        rows = [Recording(audio, [int(digit > 4)]) for audio, digit in toy_sounds(24)]
        data._given = Recordings(["low", "high"], {"train": rows[:12], "validation": rows[12:18], "test": rows[18:]})
        return data
