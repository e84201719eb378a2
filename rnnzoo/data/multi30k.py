"""Multi30k: captions of photographs in German, French and English, each a translation of the others.

Elliott, Frank, Sima'an, Specia, "Multi30K: Multilingual English-German Image Descriptions", Workshop on Vision and
Language, 2016 (arXiv 1605.00459); French: Elliott, Frank, Barrault, Bougares, Specia, Conference on Machine
Translation, 2017 (arXiv 1710.07177). The test split is test2016 (flickr).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from rnnzoo.data import _files
from rnnzoo.data._base import SPLITS
from rnnzoo.data._cache import stamp
from rnnzoo.data._pair_data import PairTexts
from rnnzoo.data._pair_texts import PairSplits, WrittenPairs, pair_splits
from rnnzoo.data._parallel_files import lines_of
from rnnzoo.registry import DATA, unknown

URL = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw/"
FILES = {"train": "train", "validation": "val", "test": "test_2016_flickr"}
SENTENCES = {"train": 29_000, "validation": 1014, "test": 1000}
SHA256 = {
    "train.de.gz": "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6",
    "train.en.gz": "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
    "train.fr.gz": "622e75069e9f4c577425c4f277116ce66e63a2401c0a2312d90073cb12379a3c",
    "val.de.gz": "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a",
    "val.en.gz": "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
    "val.fr.gz": "ca3106f1a72390591d25f6c45cb4cd39dec4cd3f123e099748a3ce5256c160e9",
    "test_2016_flickr.de.gz": "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8",
    "test_2016_flickr.en.gz": "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9",
    "test_2016_flickr.fr.gz": "6d326e188d259fb1d04ac19eae3af956559b3a0b93d7635e56c90987c40c8b90",
}
LANGUAGES = ("de", "en", "fr")


@DATA.register(
    "multi30k",
    description="30,000 captions of photographs in German, French and English, to be translated (Elliott et al. 2016)",
    kind="pair",
    licence="non-commercial research and education",
    source="https://github.com/multi30k/dataset",
)
class Multi30k(WrittenPairs):
    """Captions of one language, to be translated into another; 29,000 to train on, 1,014 and 1,000.

    Takes the official raw files ``train.de.gz`` and so on, or the same unpacked, from ``dir`` (or, without it,
    ``$RNNZOO_DATA`` and the cache), else downloads them.

    Args:
        source, target: "de", "en" or "fr".
        tokenizer, target_tokenizer, vocabulary_size, target_vocabulary_size, joint, minimum_count, lower, max_length:
            as ``WrittenPairs`` says. With ``lower`` the references are lower case, too.
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        dir: the folder with the files, if not the usual places.
        download: whether the official files may be fetched.

    Raises:
        UnknownName: no such language.
        ValueError: the same language twice, or a setting that ``WrittenPairs`` refuses.
    """

    def __init__(
        self,
        source: Literal["de", "en", "fr"] = "de",
        target: Literal["de", "en", "fr"] = "en",
        tokenizer: str = "bpe",
        target_tokenizer: str | None = None,
        vocabulary_size: int | None = 8000,
        target_vocabulary_size: int | None = None,
        joint: bool = False,
        minimum_count: int = 2,
        lower: bool = True,
        max_length: int | None = None,
        batch_size: int = 64,
        eval_batch_size: int | None = 128,
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
        for language in (source, target):
            if language not in LANGUAGES:
                raise unknown("language", language, LANGUAGES)
        if source == target:
            raise ValueError(f"source and target are both {source!r}; expected two of {', '.join(LANGUAGES)}.")
        self.languages = (source, target)
        self.dir = dir
        self.download = download

    def files(self) -> dict[str, tuple[Path, Path]]:
        """The files of each split's sources and targets, fetched if need be."""
        return {split: (self._file(split, self.languages[0]), self._file(split, self.languages[1])) for split in SPLITS}

    def key(self) -> dict[str, Any]:
        """The files' stamps and the direction."""
        return {
            "files": {split: [stamp(path) for path in paths] for split, paths in self.files().items()},
            "languages": self.languages,
        }

    def read(self) -> PairSplits:
        """The captions of the files.

        Raises:
            DamagedFile: wrong checksum, or not as many captions as there are.
        """
        return PairSplits({split: PairTexts(*map(_captions, paths)) for split, paths in self.files().items()})

    def _file(self, split: str, language: str) -> Path:
        name = f"{FILES[split]}.{language}.gz"
        return _files.find_or_fetch(
            "multi30k",
            [name, name.removesuffix(".gz")],
            directory=self.dir,
            url=URL + name,
            sha256=SHA256[name],
            download=self.download,
        )

    @classmethod
    def tiny(cls) -> Multi30k:
        """A few made-up captions."""
        data = cls(tokenizer="words", minimum_count=1, batch_size=4, eval_batch_size=4)
        data._given = made_up_captions()
        return data


def _captions(path: Path) -> list[str]:
    if path.name in SHA256:
        _files.check_sha256(path, SHA256[path.name])
    lines = lines_of(path)
    split = next(split for split, name in FILES.items() if path.name.startswith(f"{name}."))
    if len(lines) != SENTENCES[split]:
        raise _files.DamagedFile(
            f"{path} has {len(lines)} lines, expected {SENTENCES[split]}: it is truncated, or another file. Remove it "
            "and fetch it again."
        )
    return lines


def made_up_captions() -> PairSplits:
    """Two dozen captions, for trying things out offline."""
    who = {"ein mann": "a man", "eine frau": "a woman", "ein kind": "a child", "ein hund": "a dog"}
    what = {"läuft": "is running", "schläft": "is sleeping"}
    where = {"im park": "in the park", "am strand": "on the beach", "auf der straße": "on the street"}
    rows = [(f"{a} {b} {c}.", f"{who[a]} {what[b]} {where[c]}.") for a in who for b in what for c in where]
    order = [rows[5 * i % len(rows)] for i in range(len(rows))]  # every word is among the first twelve
    return pair_splits(train=order[:12], validation=order[12:18], test=order[18:])
