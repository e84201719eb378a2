"""IMDB: 50,000 film reviews, half of them to train on, half to test on; positive or negative.

A. L. Maas, R. E. Daly, P. T. Pham, D. Huang, A. Y. Ng, C. Potts, "Learning Word Vectors for Sentiment Analysis", ACL
2011.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rnnzoo.data import _files
from rnnzoo.data._cache import Arrays, cached, code_version, pack_strings, stamp, unpack_strings
from rnnzoo.data._shares import draw_shares
from rnnzoo.data._text_classification import LabelledTexts, TextClassification, TextSplits
from rnnzoo.registry import DATA

URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
SHA256 = {
    "aclImdb_v1.tar.gz": "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fb7008942e91923d1658fe0",
    "aclImdb_v1_labeled.tar.xz": "180637e2293c86c6d7d7ed80b8891820fa129d2243166f06b0854e93705fb383",
}
FILENAMES = [*SHA256, "aclImdb"]  # the last is the extracted folder
REVIEWS = 12_500  # in each of train/neg, train/pos, test/neg, test/pos
LABELS = ["negative", "positive"]
ON_TEST = ("test_half", "test")
"""The splits that validate on test reviews."""
_MEMBER = re.compile(r"(?:^|/)(train|test)/(neg|pos)/(\d+)_\d+\.txt$")


def reviews_of(source: Path) -> Iterator[tuple[str, bytes]]:
    """The name and content of every file of an archive or of the extracted folder."""
    if not source.is_dir():
        yield from _files.archive_members(source)
        return
    for path in source.glob("t*/*/*.txt"):
        yield path.relative_to(source).as_posix(), path.read_bytes()


def read_reviews(source: Path) -> Arrays:
    """All reviews in the order split (train, test), id, label, whatever the order of the source.

    Returns:
        ``texts`` and ``texts_ends`` (packed strings), ``labels`` (0 negative, 1 positive), ``tests`` (bool).

    Raises:
        DamagedFile: wrong checksum, truncated archive, reviews missing, or one that is not UTF-8.
    """
    if source.name in SHA256:
        _files.check_sha256(source, SHA256[source.name])
    found: list[tuple[bool, int, bool, str]] = []
    for name, content in reviews_of(source):
        member = _MEMBER.search(name)
        if member is not None:
            try:
                review = content.decode()
            except UnicodeDecodeError as error:
                raise _files.DamagedFile(f"{name} in {source} is not UTF-8 at byte {error.start}.") from error
            found.append((member[1] == "test", int(member[3]), member[2] == "pos", review))
    for test in (False, True):
        for positive in (False, True):
            count = sum(row[0] == test and row[2] == positive for row in found)
            if count != REVIEWS:
                folder = f"{'test' if test else 'train'}/{'pos' if positive else 'neg'}"
                raise _files.DamagedFile(
                    f"{source} has {count} reviews in {folder}, expected {REVIEWS}: it is truncated or incomplete. "
                    "Remove it and fetch it again."
                )
    found.sort()
    texts, ends = pack_strings([row[3] for row in found])
    labels = np.array([row[2] for row in found], dtype=np.int64)
    return {"texts": texts, "texts_ends": ends, "labels": labels, "tests": np.array([row[0] for row in found])}


@DATA.register(
    "imdb",
    description="50,000 film reviews, positive or negative (Maas et al. 2011)",
    kind="label",
    licence="not stated; research use, citing Maas et al. 2011",
    source=URL,
)
class Imdb(TextClassification):
    """The film reviews of IMDB as token sequences.

    Takes the official ``aclImdb_v1.tar.gz``, the smaller ``aclImdb_v1_labeled.tar.xz`` or the extracted folder
    ``aclImdb``, whichever is found first in ``dir`` (or, without it, ``$RNNZOO_DATA`` and the cache), else downloads
    the official one.

    Args:
        vocabulary_size, minimum_count, tokenizer, max_length, keep, padding: as ``TextClassification`` says.
        validation: a share of the training reviews, drawn by ``split_seed``; or "test_half", as in nndl chapter 6: of
            the test reviews of either label the first 6,250 by id validate and the other 6,250 test (neighbouring ids
            are often of one film, so that films stay on one side), and all 25,000 training reviews train; or "test",
            as many tutorials do: all 25,000 test reviews validate, and the same ones test. That is a leak: the
            checkpoint is chosen on the reviews that it is then said to be good on, and the result is too high.
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        split_seed: of the validation share.
        dir: the folder with the files, if not the usual places.
        download: whether the official file may be fetched.
    """

    def __init__(
        self,
        vocabulary_size: int | None = 20_000,
        minimum_count: int = 1,
        tokenizer: str = "words",
        max_length: int | None = 400,
        keep: str = "first",
        padding: str = "post",
        validation: float | str = 0.1,
        batch_size: int = 64,
        eval_batch_size: int | None = 256,
        shuffle: bool = True,
        bucketing: bool = True,
        drop_last: bool = False,
        seed: int = 0,
        split_seed: int = 0,
        dir: str | None = None,
        download: bool = True,
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
        known = validation in ON_TEST if isinstance(validation, str) else 0 < validation < 1
        if not known:
            raise ValueError(
                f"validation is {validation!r}; expected a share between 0 and 1, {' or '.join(map(repr, ON_TEST))}."
            )
        self.validation = validation
        self.split_seed = split_seed
        self.dir = dir
        self.download = download

    def source(self) -> Path:
        """The archive or folder, fetched if need be."""
        return _files.find_or_fetch(
            "imdb",
            FILENAMES,
            directory=self.dir,
            url=URL,
            sha256=SHA256["aclImdb_v1.tar.gz"],
            download=self.download,
        )

    def key(self) -> dict[str, Any]:
        """The source's stamp and how the reviews are split."""
        split_seed = None if self.validation in ON_TEST else self.split_seed
        return {"source": stamp(self.source()), "validation": self.validation, "split_seed": split_seed}

    def read(self) -> TextSplits:
        """The reviews, from the cache of raw texts or the source, split."""
        source = self.source()
        key = {"source": stamp(source), "code": code_version(read_reviews, reviews_of)}
        arrays = cached("raw/imdb", key, lambda: read_reviews(source))
        texts, labels = unpack_strings(arrays["texts"], arrays["texts_ends"]), arrays["labels"].tolist()
        train, test = np.flatnonzero(~arrays["tests"]).tolist(), np.flatnonzero(arrays["tests"]).tolist()
        if self.validation == "test":
            rows = {"train": train, "validation": test, "test": test}
        elif self.validation == "test_half":  # rows are in the order id, label: the first half has both labels' first
            rows = {"train": train, "validation": test[: len(test) // 2], "test": test[len(test) // 2 :]}
        else:
            shares = draw_shares(len(train), {"validation": float(self.validation)}, self.split_seed)
            rows = {split: [train[i] for i in part] for split, part in shares.items()} | {"test": test}
        return TextSplits(
            LABELS,
            {split: LabelledTexts([texts[i] for i in part], [labels[i] for i in part]) for split, part in rows.items()},
        )

    @classmethod
    def tiny(cls) -> Imdb:
        """A few made-up reviews."""
        data = cls(max_length=12, batch_size=4, eval_batch_size=4)
        data._given = made_up_reviews()
        return data


def made_up_reviews() -> TextSplits:
    """Two dozen short reviews whose one telling word stands among neutral ones, for trying things out offline."""
    words = [("a dull", "a wonderful"), ("an awful", "a great"), ("a boring", "a moving")]
    endings = ["film", "film<br /><br />I saw it twice", "picture, with good music", "story and cast"]
    rows = [
        (f"{opening} {ending}.", label) for ending in endings for pair in words for label, opening in enumerate(pair)
    ]
    parts = {"train": rows[:12], "validation": rows[12:18], "test": rows[18:]}  # by ending
    return TextSplits(
        LABELS, {split: LabelledTexts([t for t, _ in part], [n for _, n in part]) for split, part in parts.items()}
    )
