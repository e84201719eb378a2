"""WNUT 2017: emerging and rare names in what people write on Twitter, Reddit, YouTube and StackExchange.

L. Derczynski, E. Nichols, M. van Erp, N. Limsopatham, "Results of the WNUT2017 Shared Task on Novel and Emerging Entity
Recognition", W-NUT 2017, W17-4418.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rnnzoo.data._base import SPLITS
from rnnzoo.data._cache import stamp
from rnnzoo.data._conll import Columns, read_columns
from rnnzoo.data._files import find_or_fetch_all
from rnnzoo.data._tagged_sentences import TaggedSentence
from rnnzoo.data._tagging import TaggedData
from rnnzoo.registry import DATA

URL = "https://raw.githubusercontent.com/leondz/emerging_entities_17/master"
SHA256 = {
    "wnut17train.conll": "731820e13f71af324c6b55a1575ec2ce59fbaa2a0806f8f0400b98d56cd6a7a5",
    "emerging.dev.conll": "e053b752b8155113ca66e7db08af5f2f5f43ab993694e4774f1ec5bad42312d8",
    "emerging.test.annotated": "2aa79b764e56ec9264a1b30fdd9b70195bd00ff400b62edd8f399d5f13c178f0",
}
COLUMNS = Columns(word=0, tag=1, separator="tab", scheme="IOB2")


@DATA.register(
    "wnut17",
    description="emerging and rare names in social media: person, location, ... (Derczynski et al. 2017)",
    kind="tags",
    licence="CC BY 4.0",
    source=URL,
)
class Wnut17(TaggedData):
    """The 3,394 / 1,009 / 1,287 sentences of WNUT 2017 with the names of six types (IOB2).

    Takes the three official files from ``dir`` (or, without it, ``$RNNZOO_DATA`` and the cache), else downloads them.

    Args:
        learn, illegal, vocabulary_size, minimum_count, lower, digits, characters: as ``TaggedData`` says.
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        dir: the folder with the files, if not the usual places.
        download: whether official files may be fetched.
    """

    def __init__(
        self,
        learn: str | None = None,
        illegal: str = "repair",
        vocabulary_size: int | None = None,
        minimum_count: int = 1,
        lower: bool = True,
        digits: bool = True,
        characters: int = 20,
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
            tokenizer="words",
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
        return find_or_fetch_all("wnut17", SHA256, directory=self.dir, url=URL, download=self.download)

    def key(self) -> dict[str, Any]:
        """The stamps of the files."""
        return {"files": [stamp(path) for path in self.files().values()]}

    def read(self) -> dict[str, list[TaggedSentence]]:
        """The sentences of the files."""
        paths = self.files().values()
        return {split: read_columns(path, COLUMNS) for split, path in zip(SPLITS, paths, strict=True)}

    @classmethod
    def tiny(cls) -> Wnut17:
        """A few made-up messages; no file is read."""
        data = cls(characters=8, batch_size=4, eval_batch_size=4)
        rows = [
            TaggedSentence([*greeting, name, mark], [*["O"] * len(greeting), f"B-{kind}", "O"], "", [])
            for greeting in (["hi"], ["off", "to"], ["@you", "look", ":"])
            for name, kind in (("Ana", "person"), ("Oslo", "location"), ("Zed", "person"), ("Bonn", "location"))
            for mark in (":)", "!!")
        ]
        data._given = {"train": rows[:8], "validation": rows[8:16], "test": rows[16:]}
        return data
