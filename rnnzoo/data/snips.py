"""SNIPS: what people say to a voice assistant, with the intent of each sentence and its slots.

A. Coucke et al., "Snips Voice Platform", 2018, arXiv 1805.10190; split of C.-W. Goo et al., "Slot-Gated Modeling for
Joint Slot Filling and Intent Prediction", NAACL 2018.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rnnzoo.data._base import SPLITS
from rnnzoo.data._cache import stamp
from rnnzoo.data._files import DamagedFile, find_or_fetch_all
from rnnzoo.data._tables import read_text
from rnnzoo.data._tagged_sentences import TaggedSentence
from rnnzoo.data._tagging import TaggedData
from rnnzoo.registry import DATA

URL = "https://raw.githubusercontent.com/MiuLab/SlotGated-SLU/master/data/snips"
SHA256 = {
    "train/seq.in": "04ad1e3f2121d83c6478f9a4b17d2dbdc21d06d6127f73cb7af835ed733f9855",
    "train/seq.out": "fd5f2121d8055827e5d6b3d3bac30f3d7e94e82a5d437751960cbdd9e1b4f6d3",
    "train/label": "bfd7df6cf9dd76c5da5d8b61bc85f90386197bdd3d7510c1d324c051537b962f",
    "valid/seq.in": "64e0f6d8ad8aab3a3828164d7d53731a0993d3ca1aed437ceaca6d3d568d410e",
    "valid/seq.out": "712e6d34feb8d52d208b820a5f8bae6e6ff990f08374507dfde22de389088319",
    "valid/label": "9c1dd041216f647bcfca838aaf1a48eb5781e4404256d31ff07cd38a5436c52f",
    "test/seq.in": "c1e341173fcea2951a8ca371956a6f81c76de87b9583c62eb87edd6158fa3a7c",
    "test/seq.out": "58c07c9097d5e1f78889765c2a535a160f6455b90b3142055c8051847afcca47",
    "test/label": "37a26da3ad079bb41c42c85a3a8f827eb47efec4c5917ce5d08f4b2736e4f830",
}
FOLDERS = {"train": "train", "validation": "valid", "test": "test"}


def read_parallel(words: Path, tags: Path, intents: Path) -> list[TaggedSentence]:
    """The sentences of three files with a sentence a line: its words, as many tags, and its intent.

    Raises:
        DamagedFile: not as many lines in each, or not as many tags as words; says which line.
    """
    lines = [read_text(path).removesuffix("\n").split("\n") for path in (words, tags, intents)]
    if len({len(each) for each in lines}) > 1:
        counts = ", ".join(f"{path} has {len(each)}" for path, each in zip((words, tags, intents), lines, strict=True))
        raise DamagedFile(f"{counts} lines; expected as many, a sentence a line. Fetch the files again.")
    sentences = []
    for number, (one, two, three) in enumerate(zip(*lines, strict=True), start=1):
        parts, marks, intent = one.split(), two.split(), three.strip()
        if len(parts) != len(marks):
            raise DamagedFile(
                f"{words}, line {number}: {len(parts)} words, and {tags.name} has {len(marks)} tags there."
            )
        if not intent:
            raise DamagedFile(f"{intents}, line {number}: empty; expected the intent of the sentence.")
        sentences.append(TaggedSentence(parts, marks, str(words), [number] * len(parts), intent))
    return sentences


@DATA.register(
    "snips",
    description="what people say to a voice assistant: 7 intents, 39 sorts of slots (Coucke et al. 2018)",
    kind="tags",
    licence="CC0 1.0 (the split's repository states none)",
    source=URL,
)
class Snips(TaggedData):
    """The 13,084 / 700 / 700 sentences of SNIPS, with slots (IOB2) and, unless told otherwise, intents.

    Takes train, valid and test, each with seq.in, seq.out and label, from ``dir`` (or, without it, ``$RNNZOO_DATA`` and
    the cache), else downloads them.

    Args:
        intents: whether the intents are to be told as well as the slots.
        learn, illegal, vocabulary_size, minimum_count, lower, digits, characters: as ``TaggedData`` says.
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        dir: the folder with the files, if not the usual places.
        download: whether official files may be fetched.
    """

    def __init__(
        self,
        intents: bool = True,
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
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            shuffle=shuffle,
            bucketing=bucketing,
            drop_last=drop_last,
            seed=seed,
            num_workers=num_workers,
            pin_memory=pin_memory,
        )
        self.intents = intents
        self.dir = dir
        self.download = download

    def files(self) -> dict[str, Path]:
        """The official files by their names, fetched if need be."""
        return find_or_fetch_all("snips", SHA256, directory=self.dir, url=URL, download=self.download)

    def key(self) -> dict[str, Any]:
        """The stamps of the files."""
        return {"files": [stamp(path) for path in self.files().values()], "intents": self.intents}

    def read(self) -> dict[str, list[TaggedSentence]]:
        """The sentences of the files."""
        files = self.files()
        return {
            split: self._chosen(read_parallel(*(files[f"{folder}/{name}"] for name in ("seq.in", "seq.out", "label"))))
            for split, folder in FOLDERS.items()
        }

    def _chosen(self, sentences: list[TaggedSentence]) -> list[TaggedSentence]:
        return sentences if self.intents else [each._replace(intent="") for each in sentences]

    @classmethod
    def tiny(cls) -> Snips:
        """A few made-up sentences; no file is read."""
        data = cls(characters=8, batch_size=4, eval_batch_size=4)
        wishes = {"play": "PlayMusic", "add": "AddToPlaylist", "rate": "RateBook"}
        data._given = {split: [] for split in SPLITS}
        for i, name in enumerate(("blue sky", "old road", "deep river", "late train")):
            for j, (verb, intent) in enumerate(wishes.items()):
                for end in ("for tonight", "for noon"):
                    words, tags = [verb, *name.split(), *end.split()], ["O", "B-name", "I-name", "O", "B-when"]
                    data._given[SPLITS[(i + j) % 3]].append(TaggedSentence(words, tags, "", [], intent))
        return data
