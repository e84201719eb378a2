"""Weibo NER: names and nouns of persons, places and organisations in Chinese messages, character by character.

N. Peng, M. Dredze, "Named Entity Recognition for Chinese Social Media with Jointly Trained Embeddings", EMNLP 2015;
annotation as revised by H. He, X. Sun, "F-Score Driven Max Margin Neural Network for Named Entity Recognition in
Chinese Social Media", 2016, arXiv 1611.04234.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from rnnzoo.data._base import SPLITS
from rnnzoo.data._cache import stamp
from rnnzoo.data._conll import Columns, read_columns
from rnnzoo.data._files import DamagedFile, find_or_fetch_all
from rnnzoo.data._tagged_sentences import TaggedSentence
from rnnzoo.data._tagging import TaggedData
from rnnzoo.registry import DATA

URL = "https://raw.githubusercontent.com/hltcoe/golden-horse/master/data"
SHA256 = {
    "weiboNER_2nd_conll.train": "4e8954c54ab33b0afc9a8abb85715c47422645cc6d1b49fdb24540f4a427e997",
    "weiboNER_2nd_conll.dev": "e72730d83aac680505280b6301c879b3ba470d29ac308979d48cdc58ee4907cc",
    "weiboNER_2nd_conll.test": "faaf6c0ebde5348b935cfd5c89f0f22c9e0779d60667d8b5efbc647b6707d50e",
}
COLUMNS = Columns(word=0, tag=1, separator="tab", scheme="IOB2")
_CHARACTER = re.compile(r"(.+?)(\d+)")


def characters_and_places(sentence: TaggedSentence) -> list[tuple[str, str]]:
    """Each step as its character and its place in its word: 学 and 1 of 学1, the digit 3 and place 10 of 310.

    Raises:
        DamagedFile: a step without a place; says the line.
    """
    found = []
    for word, line in zip(sentence.words, sentence.lines, strict=True):
        match = _CHARACTER.fullmatch(word)
        if match is None:
            raise DamagedFile(
                f"{sentence.path}, line {line}: {word!r}; expected a character and the number of its place in its word."
            )
        found.append((match[1], match[2]))
    return found


@DATA.register(
    "weibo_ner",
    description="names and nouns of persons, places and organisations in Chinese messages, by character",
    kind="tags",
    licence="annotations CC BY-SA 3.0; the messages are their authors', under Weibo's terms",
    source=URL,
)
class WeiboNer(TaggedData):
    """The 1,350 / 270 / 270 messages of Weibo NER with entities of four types, named or nominal (IOB2).

    Takes the three official files from ``dir`` (or, without it, ``$RNNZOO_DATA`` and the cache), else downloads them.

    Args:
        positions: keep what the files say of segmentation: a token is a character with its place in its word, and the
            sentences to be tagged later are lists of words. ``False``: characters alone, of any string.
        learn, illegal, vocabulary_size, minimum_count, lower, digits: as ``TaggedData`` says.
        characters: with ``positions``, 1 gives the character without its place as a feature; 0: none.
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        dir: the folder with the files, if not the usual places.
        download: whether official files may be fetched.
    """

    def __init__(
        self,
        positions: bool = False,
        learn: str | None = None,
        illegal: str = "repair",
        vocabulary_size: int | None = None,
        minimum_count: int = 1,
        lower: bool = True,
        digits: bool = False,
        characters: int = 0,
        dir: str | None = None,
        download: bool = True,
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
            scheme="IOB2",
            learn=learn,
            illegal=illegal,
            vocabulary_size=vocabulary_size,
            minimum_count=minimum_count,
            lower=lower,
            digits=digits,
            characters=characters,
            tokenizer="characters",
            positions=positions,
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
        """The official files by their names, fetched if need be."""
        return find_or_fetch_all("weibo_ner", SHA256, directory=self.dir, url=URL, download=self.download)

    def key(self) -> dict[str, Any]:
        """The stamps of the files."""
        return {"files": [stamp(path) for path in self.files().values()]}

    def read(self) -> dict[str, list[TaggedSentence]]:
        """The messages of the files."""
        parts = {}
        for split, path in zip(SPLITS, self.files().values(), strict=True):
            parts[split] = [self._steps(each) for each in read_columns(path, COLUMNS)]
        return parts

    def _steps(self, sentence: TaggedSentence) -> TaggedSentence:
        steps = characters_and_places(sentence)
        return sentence._replace(words=["".join(step) if self.positions else step[0] for step in steps])

    @classmethod
    def tiny(cls) -> WeiboNer:
        """A few made-up messages; no file is read."""
        data = cls(batch_size=4, eval_batch_size=4)
        rows = [
            TaggedSentence([*opening, *name, *end], ["O"] * len(opening) + tags + ["O"] * len(end), "", [])
            for opening in ("我在", "想去", "爱")
            for name, tags in (
                ("北京", ["B-GPE.NAM", "I-GPE.NAM"]),
                ("家", ["B-LOC.NOM"]),
                ("江西", ["B-GPE.NAM", "I-GPE.NAM"]),
            )
            for end in ("。", "了！")
        ]
        data._given = {"train": rows[:6], "validation": rows[6:12], "test": rows[12:]}
        return data
