"""SST-2: sentences of film reviews, positive or negative; the sentences alone, not their 67,000 phrases.

R. Socher, A. Perelygin, J. Wu, J. Chuang, C. D. Manning, A. Ng, C. Potts, "Recursive Deep Models for Semantic
Compositionality Over a Sentiment Treebank", EMNLP 2013.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rnnzoo.data._base import SPLITS
from rnnzoo.data._cache import stamp
from rnnzoo.data._files import DamagedFile, find_or_fetch_all
from rnnzoo.data._tables import read_text
from rnnzoo.data._text_classification import LabelledTexts, TextClassification, TextSplits
from rnnzoo.registry import DATA

SOURCE = "https://nlp.stanford.edu/sentiment/"
URL = "https://raw.githubusercontent.com/clairett/pytorch-sentiment-classification/master/data/SST2"
SHA256 = {
    "train.tsv": "ec192f833a64da08f475488a77b0d0b47db47acd0f458bd18433fc793b569920",
    "dev.tsv": "eddea6b39e601dd4e7a672b53cc40fdf6019fa80522f351206c24340ca5d9359",
    "test.tsv": "831169c7e2e429d6026e1bdbb542f33b636e3e596caad9602ebc953c205928b7",
}
LABELS = ["negative", "positive"]


@DATA.register(
    "sst2",
    description="9,613 sentences of film reviews, positive or negative (Socher et al. 2013)",
    kind="label",
    licence="not stated; research use, citing Socher et al. 2013",
    source=SOURCE,
)
class Sst2(TextClassification):
    """Sentences as sequences of words, in the official split: 6,920 to train, 872 for validation, 1,821 to test.

    Takes ``train.tsv``, ``dev.tsv`` and ``test.tsv`` (a sentence, a tab and 0 or 1 on each line) from ``dir`` (or,
    without it, ``$RNNZOO_DATA`` and the cache), else downloads them.

    Args:
        vocabulary_size, minimum_count, tokenizer, max_length, keep, padding: as ``TextClassification`` says; the
            sentences are lower-cased and tokenised already.
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        dir: the folder with the files, if not the usual places.
        download: whether the files may be fetched.
    """

    def __init__(
        self,
        vocabulary_size: int | None = None,
        minimum_count: int = 1,
        tokenizer: str = "split",
        max_length: int | None = None,
        keep: str = "first",
        padding: str = "post",
        batch_size: int = 64,
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
        self.dir = dir
        self.download = download

    def files(self) -> dict[str, Path]:
        """The files of training, validation and test, fetched if need be, each the official one."""
        return find_or_fetch_all("sst2", SHA256, directory=self.dir, url=URL, download=self.download)

    def key(self) -> dict[str, Any]:
        """The files' stamps."""
        return {"files": [stamp(path) for path in self.files().values()]}

    def read(self) -> TextSplits:
        """The sentences of the three files.

        Raises:
            DamagedFile: a file is not the official one, or has a line that is no sentence with a label.
        """
        paths = zip(SPLITS, self.files().values(), strict=True)
        return TextSplits(LABELS, {split: read_sentences(path) for split, path in paths})

    @classmethod
    def tiny(cls) -> Sst2:
        """A few made-up sentences."""
        data = cls(batch_size=4, eval_batch_size=4)
        pairs = (("a dull", "a warm"), ("a clumsy", "a clever"), ("a hollow", "a moving"))
        endings = ("film .", "film , well played", "story of two friends", "comedy")
        rows = [(f"{a} {end}", label) for end in endings for pair in pairs for label, a in enumerate(pair)]
        parts = {"train": rows[:12], "validation": rows[12:18], "test": rows[18:]}  # by ending
        data._given = TextSplits(
            LABELS, {split: LabelledTexts([t for t, _ in part], [n for _, n in part]) for split, part in parts.items()}
        )
        return data


def read_sentences(path: Path) -> LabelledTexts:
    """The sentences and labels of a file.

    Raises:
        DamagedFile: not UTF-8, or a line without a sentence, a tab and 0 or 1; says which.
    """
    found = LabelledTexts([], [])
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        sentence, _, label = line.rstrip("\r").rpartition("\t")
        if not sentence.strip() or label not in ("0", "1"):
            raise DamagedFile(f"{path}, line {number}: {line!r:.80}; expected a sentence, a tab and 0 or 1.")
        found.texts.append(sentence)
        found.labels.append(int(label))
    return found
