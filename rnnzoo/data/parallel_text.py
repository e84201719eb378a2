"""A user's own pairs of texts: translations, texts and their summaries, questions and answers, spellings and words."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from rnnzoo.data import _parallel_files
from rnnzoo.data._cache import code_version, path_and_stamp
from rnnzoo.data._pair_data import PairTexts
from rnnzoo.data._pair_texts import PairSplits, WrittenPairs, pair_splits
from rnnzoo.data._parallel_files import Pairs, read_parallel, read_table
from rnnzoo.data._shares import draw_shares
from rnnzoo.data._tables import read_text
from rnnzoo.registry import DATA


@DATA.register(
    "parallel_text",
    description="your own pairs of texts: two files line by line, or two columns of a TSV or JSONL file",
    kind="pair",
    licence="the user's",
    source="",
)
class ParallelText(WrittenPairs):
    """Pairs from one file (or two, line by line), split by seed, or from files of their own for each split.

    Args:
        path: with ``target_path``, a text file with a source on every line; else a .tsv or .jsonl file with both
            sides. All may be gzipped (.gz) and are UTF-8.
        target_path: a text file with the target of each line of ``path``.
        source_column, target_column: names in the header of the TSV file, or keys of the JSONL file; without them, the
            first two columns of a TSV file that has no header, or the keys "source" and "target".
        empty: what becomes of a pair with an empty side: "refuse" it with its line, or "skip" and count it
            (``skipped``).
        validation_path, validation_target_path, test_path, test_target_path: files of these splits; without them,
            shares of the pairs of ``path``:
        validation, test: these shares, drawn by ``split_seed``. Rows that occur more than once may be in two splits.
        tokenizer, target_tokenizer, vocabulary_size, target_vocabulary_size, joint, minimum_count, lower, max_length:
            as ``WrittenPairs`` says.
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        split_seed: of the shares.

    Raises:
        ValueError: a target file where ``path`` has none or the other way round, or what ``WrittenPairs`` refuses.
    """

    def __init__(
        self,
        path: str,
        target_path: str | None = None,
        source_column: str | None = None,
        target_column: str | None = None,
        empty: str = "refuse",
        validation_path: str | None = None,
        validation_target_path: str | None = None,
        test_path: str | None = None,
        test_target_path: str | None = None,
        validation: float = 0.05,
        test: float = 0.05,
        tokenizer: str = "bpe",
        target_tokenizer: str | None = None,
        vocabulary_size: int | None = 8000,
        target_vocabulary_size: int | None = None,
        joint: bool = False,
        minimum_count: int = 2,
        lower: bool = False,
        max_length: int | None = 200,
        batch_size: int = 64,
        eval_batch_size: int | None = 128,
        shuffle: bool = True,
        bucketing: bool = True,
        drop_last: bool = False,
        seed: int = 0,
        split_seed: int = 0,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__(
            tokenizer=tokenizer,
            target_tokenizer=target_tokenizer,
            vocabulary_size=vocabulary_size,
            target_vocabulary_size=target_vocabulary_size,
            joint=joint,
            minimum_count=minimum_count,
            lower=lower,
            max_length=max_length,
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            shuffle=shuffle,
            bucketing=bucketing,
            drop_last=drop_last,
            seed=seed,
            num_workers=num_workers,
            pin_memory=pin_memory,
        )
        if empty not in ("refuse", "skip"):
            raise ValueError(f"empty is {empty!r}; expected 'refuse' or 'skip'.")
        given = {
            "train": (path, target_path),
            "validation": (validation_path, validation_target_path),
            "test": (test_path, test_target_path),
        }
        self.paths: dict[str, tuple[Path, Path | None]] = {}
        for split, (source, target) in given.items():
            if source is None and target is None:
                continue
            if source is None or (target is None) != (target_path is None):
                raise ValueError(
                    f"the {split} split has the files {source} and {target}, the training split {path} and "
                    f"{target_path}; expected a target file for each source file, or for none."
                )
            self.paths[split] = (_expanded(source), None if target is None else _expanded(target))
        shares = {"validation": validation, "test": test}
        self.shares = {split: share for split, share in shares.items() if split not in self.paths}
        self.columns = (source_column, target_column)
        self.empty = empty
        self.split_seed = split_seed

    def key(self) -> dict[str, Any]:
        """Paths and stamps of the files, the columns, and how they are split."""
        return {
            "files": {split: [path_and_stamp(path) for path in paths if path] for split, paths in self.paths.items()},
            "columns": self.columns,
            "empty": self.empty,
            "shares": [self.shares, self.split_seed],
            "code": code_version(_parallel_files, read_text, draw_shares),
        }

    def read(self) -> PairSplits:
        """The pairs of the files, split."""
        found = {split: self._pairs(source, target) for split, (source, target) in self.paths.items()}
        rows = {split: part.pairs for split, part in found.items()}
        whole = rows["train"]
        for split, drawn in draw_shares(len(whole), self.shares, self.split_seed).items():
            rows[split] = [whole[i] for i in drawn]
        splits = {
            split: PairTexts([pair.source for pair in part], [pair.target for pair in part])
            for split, part in rows.items()
        }
        return PairSplits(splits, sum(part.skipped for part in found.values()))

    def _pairs(self, source: Path, target: Path | None) -> Pairs:
        if target is None:
            return read_table(source, *self.columns, empty=self.empty)
        return read_parallel(source, target, empty=self.empty)

    @classmethod
    def tiny(cls) -> ParallelText:
        """Made-up abbreviations to be written out; no file is read."""
        data = cls("tiny.tsv", tokenizer="characters", target_tokenizer="words", minimum_count=1, batch_size=4)
        months = {"jan": "january", "feb": "february", "mar": "march", "apr": "april", "jun": "june", "jul": "july"}
        rows = [(f"{day} {short}", f"{long} {day}") for day in (1, 12, 21, 2) for short, long in months.items()]
        data._given = pair_splits(train=rows[:12], validation=rows[12:18], test=rows[18:])  # by day
        return data


def _expanded(path: str) -> Path:
    return Path(os.path.expanduser(path))
