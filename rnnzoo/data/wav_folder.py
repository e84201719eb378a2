"""A user's own recordings and what is said in them: a folder of wav files with a TSV of transcripts."""

from __future__ import annotations

from typing import Any

from rnnzoo.data._speech import Recording, Recordings
from rnnzoo.data._wav import read_wav
from rnnzoo.data._wav_table import Said, WavTable, toy_sounds
from rnnzoo.registry import DATA, unknown

UNITS = ("character", "word")


@DATA.register(
    "wav_folder",
    description="your own recordings: a folder of wav files with a TSV of their transcripts",
    kind="transcript",
    licence="the user's",
    source="",
)
class WavFolder(WavTable):
    """Wav files with transcripts, as frames (T, n_mels) and the symbols that are said.

    The symbols are those of the training transcripts, in the order of the alphabet. Blanks around and between words
    count as one between.

    Args:
        path: the folder.
        table: the file in it that has a header and, on each line, a file's name and its transcript, with tabs between.
        file_column, transcript_column: its columns.
        unit: what a symbol is: a "character" or a "word".
        validation, test: shares of the rows, drawn by ``split_seed``.
        rate: samples a second; files of another rate are resampled.
        n_mels, window, hop, floor: bands; seconds of a frame and from one to the next; the least power of a band.
        normalization: of each band: "corpus" (mean and deviation of the training frames), "utterance" or "none".
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.

    Raises:
        UnknownName: no such unit.
        ValueError: shares that leave nothing to train on, or a number out of range.
    """

    kind = "transcript"

    def __init__(
        self,
        path: str,
        table: str = "transcripts.tsv",
        file_column: str = "file",
        transcript_column: str = "transcript",
        unit: str = "character",
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
            text_column=transcript_column,
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
        if unit not in UNITS:
            raise unknown("unit", unit, UNITS)
        self.unit = unit

    def settings(self) -> dict[str, Any]:
        """Those of the features, and what a symbol is."""
        return {**super().settings(), "unit": self.unit}

    def read(self) -> Recordings:
        """The files of all splits, read one by one as they are asked for.

        Raises:
            DamagedFile: as ``read_said`` and ``read_wav``.
            ValueError: no training transcript says anything, or another one has a symbol that none of them has.
        """
        rows = self.rows()
        symbols = sorted({symbol for row in rows["train"] for symbol in self._symbols(row.text)})
        if not symbols:
            raise ValueError(f"{self.table}: every training transcript is empty; expected some with text.")
        number = {symbol: i for i, symbol in enumerate(symbols, start=1)}
        targets = {split: [self._target(row, number) for row in part] for split, part in rows.items()}
        return Recordings(
            ["", *symbols],
            {
                split: (Recording(read_wav(row.file), target) for row, target in zip(part, targets[split], strict=True))
                for split, part in rows.items()
            },
        )

    def _symbols(self, text: str) -> list[str]:
        words = text.split()
        return words if self.unit == "word" else list(" ".join(words))

    def _target(self, row: Said, number: dict[str, int]) -> list[int]:
        symbols = self._symbols(row.text)
        strange = next((symbol for symbol in symbols if symbol not in number), None)
        if strange is not None:
            raise ValueError(
                f"{self.table}, line {row.line}: {strange!r} is in no training transcript; add some with it, choose "
                "another split_seed, or remove the line."
            )
        return [number[symbol] for symbol in symbols]

    @classmethod
    def tiny(cls) -> WavFolder:
        """Made-up sounds, two letters each; no file is read."""
        data = cls("tiny", rate=8000, n_mels=8, hop=0.01, batch_size=4, eval_batch_size=4)
        rows = [Recording(audio, [1 + digit % 3, 1 + digit % 2]) for audio, digit in toy_sounds(24)]
        data._given = Recordings(
            ["", "a", "b", "c"], {"train": rows[:12], "validation": rows[12:18], "test": rows[18:]}
        )
        return data
