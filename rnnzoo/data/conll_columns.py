"""A user's own tagged sentences, from files of columns: CoNLL-2000, CoNLL-2003, CoNLL-U, MSRA, Weibo and their like."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from rnnzoo.data._base import SPLITS
from rnnzoo.data._cache import path_and_stamp
from rnnzoo.data._conll import Columns, read_columns
from rnnzoo.data._shares import draw_shares
from rnnzoo.data._tagged_sentences import TaggedSentence
from rnnzoo.data._tagging import TaggedData
from rnnzoo.registry import DATA


@DATA.register(
    "conll_columns",
    description="your own tagged sentences: files of columns, a step a line, as CoNLL's and Universal Dependencies'",
    kind="tags",
    licence="the user's",
    source="",
)
class ConllColumns(TaggedData):
    """Tagged sentences from one file, split by seed, or from a file a split.

    As it is: CoNLL-2003 (``scheme="IOB1"``, or IOB2 in its later editions), CoNLL-2000 (``"IOB2"``), and of Universal
    Dependencies ``word_column="FORM", tag_column="UPOS"`` (``"none"``). Chinese characters with tags:
    ``tokenizer="characters"``.

    Args:
        path: UTF-8, also with .gz; a word and its tags a line, blank lines between sentences.
        scheme: of the tags: "IOB1", "IOB2", "BIOES", "BMES", or "none" for plain classes such as parts of speech.
        word_column, tag_column: numbers from 0, or from the end with -1; or names of CoNLL-U.
        separator: "tab", "blanks", or ``None``: tabs where the file has one.
        comment: lines that begin so are left out; ``None``: none are, but in CoNLL-U those with "#".
        validation_path, test_path: files of these splits; without them, shares of ``path``:
        validation, test: these shares, drawn by ``split_seed``.
        learn, illegal, vocabulary_size, minimum_count, lower, digits, characters, max_length, tokenizer: as
            ``TaggedData`` says.
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        split_seed: of the shares.
    """

    def __init__(
        self,
        path: str,
        scheme: str,
        word_column: int | str = 0,
        tag_column: int | str = -1,
        separator: str | None = None,
        comment: str | None = None,
        validation_path: str | None = None,
        test_path: str | None = None,
        validation: float = 0.1,
        test: float = 0.1,
        learn: str | None = None,
        illegal: str = "repair",
        vocabulary_size: int | None = None,
        minimum_count: int = 1,
        lower: bool = False,
        digits: bool = False,
        characters: int = 0,
        max_length: int | None = None,
        tokenizer: str = "blanks",
        batch_size: int = 32,
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
            scheme=scheme,
            learn=learn,
            illegal=illegal,
            vocabulary_size=vocabulary_size,
            minimum_count=minimum_count,
            lower=lower,
            digits=digits,
            characters=characters,
            max_length=max_length,
            tokenizer=tokenizer,
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
        self.columns = Columns(word_column, tag_column, separator, comment, scheme)
        self.split_seed = split_seed

    def key(self) -> dict[str, Any]:
        """Paths and stamps of the files, the columns, and how they are split."""
        return {
            "files": {split: path_and_stamp(path) for split, path in self.paths.items()},
            "columns": list(self.columns),
            "shares": [self.shares, self.split_seed],
        }

    def read(self) -> dict[str, list[TaggedSentence]]:
        """The sentences of the files, split."""
        sentences = {split: read_columns(path, self.columns) for split, path in self.paths.items()}
        whole = sentences["train"]
        for split, drawn in draw_shares(len(whole), self.shares, self.split_seed).items():
            sentences[split] = [whole[i] for i in drawn]
        return sentences

    @classmethod
    def tiny(cls) -> ConllColumns:
        """Made-up sentences; no file is read."""
        data = cls("tiny.conll", "IOB2", characters=6, batch_size=4, eval_batch_size=4)
        who, where = ("Ada", "Grace", "Karen Jones"), ("Paris", "New York", "Bath")
        data._given = {split: [] for split in SPLITS}
        for i, verb in enumerate(("lives", "works", "is")):
            for j, name in enumerate(who):
                for k, place in enumerate(where):
                    words = [*name.split(), verb, "in", *place.split()]
                    tags = [*mark(name, "person"), "O", "O", *mark(place, "location")]
                    data._given[SPLITS[(i + j + k) % 3]].append(TaggedSentence(words, tags, "", []))
        return data


def mark(name: str, kind: str) -> list[str]:
    """The tags of a name's words."""
    return [f"{'I' if i else 'B'}-{kind}" for i, _ in enumerate(name.split())]
