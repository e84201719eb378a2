"""Names: surnames of 18 languages, to be told apart by their characters.

The files of "NLP From Scratch: Classifying Names with a Character-Level RNN" (S. Robertson, the tutorials of PyTorch),
a language each. Languages are as frequent as there are names of them: nearly half of all are Russian.
"""

from __future__ import annotations

from typing import Any

from rnnzoo.data._cache import code_version, stamp
from rnnzoo.data._names_files import LANGUAGES, SOURCE, find_names, read_names
from rnnzoo.data._shares import draw_distinct
from rnnzoo.data._text_classification import LabelledTexts, TextClassification, TextSplits
from rnnzoo.registry import DATA

TINY = {
    "Italian": "Bellini Cassano Fontana Lombardi Rinaldi Santini Verdi Zanetti",
    "Japanese": "Akiyama Fujimoto Kitagawa Matsuda Nakamoto Sugihara Takeda Yamashita",
    "Russian": "Balakirev Gorbunov Karpov Medvedkov Orlov Sorokin Turgenev Zhukov",
}
"""Made-up lists for ``tiny``."""


@DATA.register(
    "names",
    description="18,012 surnames of 18 languages, character by character; no test name is in training",
    kind="label",
    licence="MIT",
    source=SOURCE,
)
class Names(TextClassification):
    """Surnames as sequences of characters, and the language of each.

    Takes the official files, ``names/LANGUAGE.txt`` or ``LANGUAGE.txt``, from ``dir`` (or, without it, ``$RNNZOO_DATA``
    and the cache), else downloads them. The split is by distinct name: a name is in one split in all its languages, so
    that no test name is in training.

    Args:
        repeats: keep the lines that say again what an earlier one said; ``False``: each name once a language, 18,012
            of the 20,050 lines. The Arabic file has about a hundred names, each some twenty times, so that with
            repeats a handful of names would decide on a sixth of the test.
        vocabulary_size, minimum_count, tokenizer, max_length, keep, padding: as ``TextClassification`` says.
        validation, test: shares of the distinct names, drawn by ``split_seed``.
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        split_seed: of the shares.
        dir: the folder with the files, if not the usual places.
        download: whether the official files may be fetched.
    """

    def __init__(
        self,
        repeats: bool = False,
        vocabulary_size: int | None = None,
        minimum_count: int = 1,
        tokenizer: str = "characters",
        max_length: int | None = None,
        keep: str = "first",
        padding: str = "post",
        validation: float = 0.1,
        test: float = 0.1,
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
        self.repeats = repeats
        self.shares = {"validation": validation, "test": test}
        self.split_seed = split_seed
        self.dir = dir
        self.download = download

    def key(self) -> dict[str, Any]:
        """The files' stamps and how the names are split."""
        files = find_names(self.dir, self.download)
        return {
            "files": [stamp(files[language]) for language in LANGUAGES],
            "rows": [self.repeats, self.shares, self.split_seed],
            "code": code_version(read_names, draw_distinct),
        }

    def read(self) -> TextSplits:
        """All names, those of the first language first, split."""
        names, languages = read_names(find_names(self.dir, self.download))
        if not self.repeats:
            names, languages = once(names, languages)
        return split_names(names, languages, list(LANGUAGES), self.shares, self.split_seed)

    @classmethod
    def tiny(cls) -> Names:
        """Two dozen names of three languages."""
        data = cls(batch_size=4, eval_batch_size=4)
        names = [name for each in TINY.values() for name in each.split()]
        languages = [number for number, each in enumerate(TINY.values()) for _ in each.split()]
        data._given = split_names(names, languages, list(TINY), {"validation": 0.25, "test": 0.25}, seed=0)
        return data


def once(names: list[str], languages: list[int]) -> tuple[list[str], list[int]]:
    """Each name once a language, where it stood first."""
    pairs = dict.fromkeys(zip(names, languages, strict=True))
    return [name for name, _ in pairs], [language for _, language in pairs]


def split_names(
    names: list[str], languages: list[int], labels: list[str], shares: dict[str, float], seed: int
) -> TextSplits:
    """Names and the numbers of their languages, split by distinct name."""
    drawn = draw_distinct(names, shares, seed)
    return TextSplits(
        labels,
        {split: LabelledTexts([names[i] for i in rows], [languages[i] for i in rows]) for split, rows in drawn.items()},
    )
