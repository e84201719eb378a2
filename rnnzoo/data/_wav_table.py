"""A user's folder of wav files, and a table that says what each is: a TSV with a header, a file on each line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rnnzoo.data import _fsdd_files
from rnnzoo.data._base import SPLITS
from rnnzoo.data._cache import code_version, path_and_stamp
from rnnzoo.data._files import DamagedFile
from rnnzoo.data._shares import draw_shares
from rnnzoo.data._speech import SpeechData
from rnnzoo.data._tables import read_text
from rnnzoo.data._wav import Audio


class Said(NamedTuple):
    """A line of the table."""

    file: Path
    text: str
    line: int


class WavTable(SpeechData):
    """Wav files of a folder, split by shares.

    Args:
        path: the folder.
        table: the table's file, from there on.
        file_column, text_column: its columns.
        validation, test: shares of the rows, drawn by ``split_seed``.
        settings: the arguments of ``SpeechData``.
    """

    def __init__(
        self,
        path: str,
        *,
        table: str,
        file_column: str,
        text_column: str,
        validation: float,
        test: float,
        split_seed: int,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.path = Path(os.path.expanduser(path))
        self.table = self.path / table
        self.columns = (file_column, text_column)
        self.shares = {"validation": validation, "test": test}
        self.split_seed = split_seed

    def key(self) -> dict[str, Any]:
        """Path and stamp of the whole folder, the columns, and how the rows are split."""
        return {
            "files": path_and_stamp(self.path),
            "table": [str(self.table), *self.columns],
            "shares": [self.shares, self.split_seed],
            "code": code_version(read_said, draw_shares),
        }

    def rows(self) -> dict[str, list[Said]]:
        """The lines of the table, split."""
        rows = read_said(self.table, *self.columns)
        drawn = draw_shares(len(rows), self.shares, self.split_seed)
        return {split: [rows[i] for i in drawn[split]] for split in SPLITS}


def read_said(table: Path, file_column: str, text_column: str) -> list[Said]:
    """The lines of a table; names of files are from its folder on. Texts may be empty, names may not.

    Raises:
        MissingData, DamagedFile: no such table, or not UTF-8.
        DamagedFile: a line has not as many fields as the header, or names no file or one that is not there; says which.
        ValueError: no such column, or no line.
    """
    lines = [line.rstrip("\r") for line in read_text(table).split("\n")]
    header = lines[0].split("\t")
    for column in (file_column, text_column):
        if header.count(column) != 1:
            raise ValueError(
                f"{table} has {header.count(column)} columns '{column}'; its columns are {', '.join(header)}. Name one "
                "of them, and one for the files."
            )
    places = header.index(file_column), header.index(text_column)
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        fields = line.split("\t")
        if len(fields) != len(header):
            raise DamagedFile(f"{table}, line {number}: {len(fields)} fields, but the header has {len(header)}.")
        name, text = (fields[place].strip() for place in places)
        file = table.parent / name
        if not name or not file.is_file():
            raise DamagedFile(f"{table}, line {number}: there is no file {name!r} in {table.parent}.")
        rows.append(Said(file, text, number))
    if not rows:
        raise ValueError(f"{table} has no line below its header; expected a wav file and its text on each.")
    return rows


def toy_sounds(count: int) -> Sequence[tuple[Audio, int]]:
    """So many tones, and the digit that each stands for, for ``tiny``."""
    tones = _fsdd_files.tones(range(-(-count // 20)))[:count]
    return [(one.audio, one.digit) for one in tones]
