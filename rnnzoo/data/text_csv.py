"""A user's own labelled texts, from a CSV, TSV or JSONL file."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

from rnnzoo.data._cache import code_version, path_and_stamp
from rnnzoo.data._shares import draw_shares
from rnnzoo.data._tables import Row, read_rows
from rnnzoo.data._text_classification import LabelledTexts, TextClassification, TextSplits
from rnnzoo.registry import DATA


@DATA.register(
    "text_csv",
    description="your own labelled texts: a CSV, TSV or JSONL file with a text and a label column",
    kind="label",
    licence="the user's",
    source="",
)
class TextCsv(TextClassification):
    """Labelled texts from one file, split by seed, or from a file a split.

    Args:
        path: .csv, .tsv or .jsonl, also with .gz; UTF-8, with a header (CSV, TSV).
        text_column: ``None``: the first there is of text, review, sentence.
        label_column: ``None``: the first there is of label, sentiment, category. Labels may be any strings or numbers.
        validation_path, test_path: files of these splits; without them, shares of ``path``:
        validation, test: these shares, drawn by ``split_seed``.
        vocabulary_size, minimum_count, tokenizer, max_length, keep, padding: as ``TextClassification`` says.
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        split_seed: of the shares.
    """

    def __init__(
        self,
        path: str,
        text_column: str | None = None,
        label_column: str | None = None,
        validation_path: str | None = None,
        test_path: str | None = None,
        validation: float = 0.1,
        test: float = 0.1,
        vocabulary_size: int | None = 20_000,
        minimum_count: int = 1,
        tokenizer: str = "words",
        max_length: int | None = 400,
        keep: str = "first",
        padding: str = "post",
        batch_size: int = 64,
        eval_batch_size: int | None = 256,
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
            vocabulary_size=vocabulary_size,
            minimum_count=minimum_count,
            max_length=max_length,
            keep=keep,
            padding=padding,
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            shuffle=shuffle,
            bucketing=bucketing,
            drop_last=drop_last,
            seed=seed,
            num_workers=num_workers,
            pin_memory=pin_memory,
        )
        given = {"train": path, "validation": validation_path, "test": test_path}
        self.paths = {split: Path(os.path.expanduser(file)) for split, file in given.items() if file is not None}
        shares = {"validation": validation, "test": test}
        self.shares = {split: share for split, share in shares.items() if split not in self.paths}
        self.text_column = text_column
        self.label_column = label_column
        self.split_seed = split_seed

    def key(self) -> dict[str, Any]:
        """Paths and stamps of the files, the columns, and how they are split."""
        return {
            "files": {split: path_and_stamp(path) for split, path in self.paths.items()},
            "columns": [self.text_column, self.label_column],
            "shares": [self.shares, self.split_seed],
            "code": code_version(read_rows, draw_shares),
        }

    def read(self) -> TextSplits:
        """The rows of the files, split.

        Raises:
            ValueError: one label only, or a label that no training text has.
        """
        rows = {split: read_rows(path, self.text_column, self.label_column) for split, path in self.paths.items()}
        whole = rows["train"]
        for split, drawn in draw_shares(len(whole), self.shares, self.split_seed).items():
            rows[split] = [whole[i] for i in drawn]
        labels = sorted({row.label for row in whole}, key=by_number)
        if len(labels) < 2:
            raise ValueError(
                f"{self.paths['train']} has one label only, {labels[0]!r}; expected at least two to tell apart."
            )
        number = {label: i for i, label in enumerate(labels)}
        for split, part in rows.items():
            strange = next((row for row in part if row.label not in number), None)
            if strange is not None:
                raise ValueError(
                    f"{self.paths[split]}, line {strange.line}: label {strange.label!r} is not among the training "
                    f"labels, {', '.join(labels[:20])}; add training texts with it or remove the row."
                )
        return TextSplits(labels, {split: labelled(part, number) for split, part in rows.items()})

    @classmethod
    def tiny(cls) -> TextCsv:
        """Made-up rows; no file is read."""
        data = cls("tiny.csv", max_length=8, batch_size=4, eval_batch_size=4)
        rows = [
            Row(f"{opening} {thing}", label, line=0)
            for thing in ("my order", "the parcel", "this invoice", "the manual")
            for label, opening in (
                ("complaint", "I am unhappy with"),
                ("praise", "thank you for"),
                ("question", "where is"),
            )
        ]
        number = {"complaint": 0, "praise": 1, "question": 2}
        parts = {"train": rows[:6], "validation": rows[6:9], "test": rows[9:]}  # by thing
        data._given = TextSplits(list(number), {split: labelled(part, number) for split, part in parts.items()})
        return data


def labelled(rows: list[Row], number: dict[str, int]) -> LabelledTexts:
    """The texts and the labels' numbers."""
    return LabelledTexts([row.text for row in rows], [number[row.label] for row in rows])


def by_number(label: str) -> tuple[float, str]:
    """Sorts labels that are numbers by value (2 before 10), others by alphabet behind them."""
    try:
        value = float(label)
    except ValueError:
        value = math.inf
    return (math.inf if math.isnan(value) else value), label
